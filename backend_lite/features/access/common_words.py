"""Words that passwords are made of most often, and rows of keys that fingers run along."""

from __future__ import annotations

_PRODUCT = """
admin administrator agent changeit changeme console default demo deploy deployflow desk device enterprise
guest helpdesk linux login manager master operator owner passphrase passwd password passwort root secret
security server service superuser supervisor support sysadmin system temp temporary test testing user
username welcome windows
"""
_LIKED = """
abc alpha amazing amor amour angel angels apple arschloch asshole awesome azerty babe baby babyboy babygirl
banana barbie barcelona baseball basketball batman bayern bear beautiful beautifulday berlin best bitch
black blackberry blessed blink blue bluesky bond bonjour boss boston bubbles buddy bulldog bunny buster
butter butterfly candy captain carolina cat charger cheese chelsea chicago chicken chocolate chouchou
christian christmas coffee college computer contrasena contraseña cookie cool corazon corvette cowboy
cowboys crystal dallas dance dancer danger dark darkness death destiny devil diamond dog doggy dolphin
dolphins dortmund doudou dragon dragonball dream eagle eagles elephant england estrella eternity evil
facebook faith family ferrari ficken fire first fish fishing flower flowers football forever forget forgot
france freedom freepass friend friends fruehling fuck fucker fuckoff fuckyou fussball galaxy gangster garden
gateway geheim genius germany ghost giants gibson ginger girl gold golden golf golfer google grandma green
guitar hallo hamburg hammer happiness happy hardcore harley hate heart heaven hello herbst hockey holiday
honda honey horse hotdog house hunter hunting ice iceman iloveyou inlove instagram internet ireland jackass
jaguar jesus jesuschrist joker junior justice justin kawasaki killer king kitten kitty knight lakers legend
letmein liberty liebe life lifeisgood light lion little liverpool lol london loser love lovely loveme lover
loveyou lucky magic mama manchester manutd marine marlboro matrix mercedes merlin metallica mexico midnight
minecraft missyou mobile money monkey monster motdepasse mother motorola mountain muenchen music mustang
myspace naruto nascar newyork nicegirl ninja nintendo nothing number ocean orange pacific packers panther
paris peace peanut pepper phoenix pikachu pirate player please pokemon police porsche power precious pretty
prince princesa princess private purple pussy qwerty rabbit raiders rainbow ranger rangers raven realmadrid
redskins redsox revolution rock rocket rockstar rocky romance rose runescape russia sailor samsung satan
schalke schatz scooter scorpion sexy shadow shark shithead silver single sister skate skater skyline slayer
slipknot smile smokey snickers snoopy snow snowball soccer softball soldier soleil sommer sparky spider
spiderman star stars starwars steelers stella strawberry stupid subaru success sugar sunday sunflower sunset
sunshine superman superstar suzuki sweet sweetheart sweetie sweety swimming teacher team teamo tennis
tequiero texas thunder tiger tigger tinker tinkerbell toyota travel triumph trouble trustno trustnoone
turtle twilight twitter unicorn united universe vampire victory viking violet virgin volcano volleyball
warrior water weed whatever white wildcat winner winston winter wizard wolf wolves world wrestling xbox
yamaha yankee yankees yeahbaby yellow youtube zombie
"""
_NAMES = """
aaron adam adrian alan albert alejandro alex alexander alexandra alexis alfred alice alicia allison amanda
amber amelia andrea andreas andrew angela angelina anna anne anthony antonio april arthur ashley austin
barbara benjamin bernard bianca brandon brenda brian brittany bruce bryan cameron carlos carmen caroline
catherine charles charlie charlotte cheryl chris christian christina christine christopher claudia connor
courtney crystal cynthia daniel daniela danielle david debbie denise dennis diana dominic donald donna
dorothy dylan edward elizabeth emily emma eric erica ethan eugene felix fernando florian frances francis
francisco frank frederick gabriel gabriela gemma george gerald gloria grace gregory hannah harold harry
heather helena henry howard isabella jackson jacob james jamie jasmine jason jeffrey jennifer jeremy jerome
jessica jessie joanna johannes john johnny jonathan jordan jose joseph joshua juan julia julian julie justin
karen katherine kathleen katrina keith kelly kenneth kevin kimberly kyle larry laura lauren leonard leonardo
leslie linda lisa logan louis louise lucas lucia luis madison manuel marcus margaret maria marie marina
mario marissa mark markus marlon martin martina mary matthew maxwell megan melanie melissa michael michaela
michelle miguel miranda mitchell monica morgan natalia natalie natasha nathan nicholas nicolas nicole oliver
olivia oscar pamela patricia patrick paul pedro peter philip phillip rachel ralph raymond rebecca ricardo
richard robert roberto roger ronald roxanne russell ryan sabrina samantha samuel sandra sara sarah scott
sebastian sergio shannon sharon simone sophia sophie stefan stephanie stephen steven stuart susan sylvia
tatiana taylor teresa theodore theresa thomas tiffany timothy tyler valentina valeria vanessa veronica
victor victoria vincent virginia walter wendy wesley whitney wilhelm william zachary
"""
_LONG = """
accountability administration advertisement architecture argentina australia automotive basketballs
battlefield beautifulgirl bodybuilding brotherhood butterflies california celebration championship
cheerleader cheerleading christianity communication confidential congratulations counterstrike cristiano
dictionary distribution electricity electronics embarrassed engineering entertainment environment everything
extraordinary firefighter frankenstein friendship generation gentleman girlfriend grandfather grandmother
hallelujah headquarters heartbreaker hollywood hummingbird hyperactive illuminati imagination impossible
incredible independence information innovation intelligence intelligent international investigation
invisible jacksonville journalist kindergarten knowledge lighthouse management manchester marketing
masterpiece mathematics millennium millionaire mississippi motherfucker motivation motorcycle neighborhood
nevermind nightmare nottingham obsession opportunity orchestra pennsylvania perfection performance
philadelphia philippines philosophy photographer photography playstation plymouth poopie possibility
postoffice president production professional programmer programming psychology quicksilver ragnarok
relationship renaissance republic responsible salvation sanfrancisco screensaver skateboard skateboarding
snowboard snowboarding spiderman sprinkles strawberries submarine sunglasses supernatural survivor
sweetheart switzerland technology television thunderbird thunderstorm trampoline transformer transformers
transportation unbelievable undercover understand understanding undertaker underworld unforgettable
university unstoppable valentine venezuela volkswagen washington waterfall watermelon weightlifting
winchester wolverine wonderful wonderland woodstock
"""
_DATES = """
april august autumn december dezember dienstag donnerstag februar february freitag friday januar january
juli july june juni maerz mai march may mittwoch monday montag november october oktober samstag saturday
september sonntag spring summer sunday thursday tuesday wednesday winter
"""
COMMON_WORDS = frozenset(f"{_PRODUCT} {_LIKED} {_NAMES} {_LONG} {_DATES}".split())
KEY_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i",
    "a1b2c3d4e5f6g7h8i9",
    "qazwsxedcrfvtgbyhnujmik",
    "147258369",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
"""Each is run along in both directions."""
