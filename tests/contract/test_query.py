"""The query language: what it means, what it refuses and where, and that text and tree are the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.query import (
    And,
    Completion,
    FieldKind,
    Match,
    Not,
    Number,
    Or,
    Pattern,
    QueryError,
    Search,
    Value,
    all_of,
    any_of,
    complete,
    fields_of,
    format_query,
    matches,
    parse,
)
from backend_lite.contract.run_query import RUN_FIELDS

ROW: dict[str, Value] = {
    "": "WEB-01\nUbuntu 24.04\nlab",
    "name": "WEB-01",
    "os": ["ubuntu", "linux"],
    "system": "Ubuntu 24.04",
    "status": ["warning", "late"],
    "seen": 52.0,
    "tag": ["lab", "first floor"],
    "cpu": 81.5,
    "mem": None,
    "free": 5.0 * 2**30,
    "uptime": 3 * 86400.0,
    "id": 7.0,
    "address": None,
}


def finds(text: str) -> bool:
    return matches(parse(text, DEVICE_FIELDS), ROW.get)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web",
        "WEB ubuntu",
        '"ubuntu 24"',
        "w*-01",
        "name:eb-0",
        "host:web*",
        "NAME=web-01",
        "os:linux",
        "os:ubuntu,windows",
        "os:u*",
        "status:late",
        "seen<1m",
        "seen>=52s seen<=52s",
        "tag:LAB",
        'tag:"first floor"',
        "tag:none,lab",
        "tag:*",
        "cpu>80",
        "cpu>80%",
        "free<8GB free>4096mb",
        "uptime>2d uptime<1w",
        "id:7",
        "id:1,7",
        "-tag:old",
        "not tag:old",
        "-mem>1",
        "-address:*",
        "status:online or status:late",
        "(status:online or tag:lab) web",
        "web and lab",
        "--web",
        '-"web 02"',
    ],
)
def test_a_query_finds(text: str) -> None:
    assert finds(text)


@pytest.mark.parametrize(
    "text",
    [
        "db",
        "web db",
        '"ubuntu 25"',
        "db*01",
        "name:web-0*2",
        "name=web",
        'name:"web*"',
        "os:windows",
        "os:lin",
        "status:online",
        "seen<30s",
        "tag:la",
        "tag:first",
        "cpu<80",
        "mem>0",
        "mem<100",
        "address:*",
        "free<1GB",
        "id:8",
        "-web",
        "-(web or db)",
        "status:online or tag:old",
        "web -lab",
    ],
)
def test_a_query_does_not_find(text: str) -> None:
    assert not finds(text)


def test_what_a_text_becomes() -> None:
    assert parse('os:windows -tag:old,"a b" (x or y*) cpu>80', DEVICE_FIELDS) == And(
        (
            Match("os", FieldKind.LABEL, ":", (Pattern("windows"),)),
            Not(Match("tag", FieldKind.LABEL, ":", (Pattern("old"), Pattern("a b", exact=True)))),
            Or((Search(Pattern("x")), Search(Pattern("y*")))),
            Match("cpu", FieldKind.PERCENT, ">", (Number("80", 80.0),)),
        )
    )
    assert parse("  ", DEVICE_FIELDS) == And()
    assert parse("10:20 a.b:c", DEVICE_FIELDS) == And((Search(Pattern("10:20")), Search(Pattern("a.b:c"))))


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        ("web stauts:online", "stauts:", "Did you mean status?"),
        ("color:red", "color:", "There are name, os,"),
        ("x color:red", "color:", "put it in quotes"),
        ("status:onlin", "onlin", "Did you mean online?"),
        ("status:xyz", "xyz", "Use online, late,"),
        ("cpu>high", "high", "cpu takes a share in percent, such as cpu>80"),
        ("seen<5", "5", "seen takes how long ago it was, in s, m, h, d or w, such as seen<5m"),
        ("seen:5m", "5m", "Compare seen with < or >: seen<5m."),
        ("free>8X", "8X", "such as free<8GB"),
        ("name>a", "name>", "name has no order: write name:..."),
        ("cpu>80,90", "cpu>80,90", "one number only"),
        ("cpu>*", "*", "will not do"),
        ("tag:", ":", "Say what tag should be, such as tag:..."),
        ("tag:a, b", " ", "Say what tag should be"),
        ("a or", "r", "Something is missing at the end"),
        ("or a", "or", '"or" joins two terms'),
        ("a and or b", "or", "put it in quotes"),
        ("(a or b", "(", "never closed"),
        ("a)", ")", "no ( for this )"),
        ("()", ")", "missing in front"),
        ('a "b c', '"b c', 'This " is never closed'),
        ("-", "", ""),
        ("(-)", "", ""),
        ("*".join("abcdefghijk"), "*".join("abcdefghijk"), "8 * at most"),
        ("(" * 50 + "a" + ")" * 50, "(", "nested too deeply"),
        ("a " * 250, "a", "200 terms at most"),
        ("tag:" + ",".join("a" * 250), "tag:" + ",".join("a" * 250), "200 terms at most"),
        ("a" * 4001, "a", "4000 characters at most"),
        ("a\0b", "\0", "cannot be searched for"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, marked: str, says: str) -> None:
    if not says:
        parse(text, DEVICE_FIELDS)
        return
    with pytest.raises(QueryError) as caught:
        parse(text, DEVICE_FIELDS)
    error = caught.value
    assert text[error.start : error.end] == marked
    assert says in error.message
    assert f"character {error.start + 1} " in error.sentence()


FRAGMENTS = [
    *(f"{field.name}{op}" for field in DEVICE_FIELDS for op in (":", "=", "<", "<=", ">", ">=")),
    *(
        "online",
        "5m",
        "8GB",
        "80%",
        "7",
        "-7",
        "0.5",
        "a",
        "*",
        "web*",
        "Ä",
        "-",
        "--",
        "(",
        ")",
        " ",
        ",",
        '"',
        "\\",
    ),
    *(
        " or ",
        " and ",
        " not ",
        "or",
        '"a b"',
        '"\\""',
        "%",
        "_",
        "\n",
        "\t",
        "<",
        ":",
        "=",
        "\u2028",
        "\ud800",
        "\0",
    ),
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join) | st.text(max_size=40)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example("(a or - )")
@example("--a")
@example('tag:a"b"')
def test_any_text_is_understood_or_pointed_at(text: str) -> None:
    try:
        node = parse(text, DEVICE_FIELDS)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
        return
    again = format_query(node)
    assert parse(again, DEVICE_FIELDS) == node, again
    matches(node, ROW.get)


_WORDS = st.text(min_size=1, max_size=6).filter(
    lambda t: "\0" not in t and not any("\ud800" <= c <= "\udfff" for c in t)
)
_PHRASES = _WORDS.map(lambda text: Pattern(text, exact=True))
_LEAVES = _PHRASES.map(Search) | st.lists(_PHRASES, min_size=1, max_size=3).map(
    lambda values: Match("name", FieldKind.TEXT, ":", tuple(values))
)
NODES = st.recursive(
    _LEAVES,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(all_of)
        | st.lists(inner, min_size=2, max_size=3).map(any_of)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(NODES)
def test_any_tree_is_its_text(node: Search | Match | Not | And | Or) -> None:
    assert parse(format_query(node), DEVICE_FIELDS) == node


def test_long_stars_take_no_time() -> None:
    row = {"": "a" * 100_000}
    assert not matches(parse("a*a*a*a*a*a*a*a*b", RUN_FIELDS), row.get)


def test_the_fields_of_a_query() -> None:
    assert fields_of(parse("a (os:x or -tag:y) seen<1m", DEVICE_FIELDS)) == {"os", "tag", "seen"}


def test_fields_are_declared_once() -> None:
    for fields in (DEVICE_FIELDS, RUN_FIELDS):
        names = [name for field in fields for name in (field.name, *field.aliases)]
        assert len(names) == len(set(names))
        assert all(field.words for field in fields if field.kind is FieldKind.WORD)


def completed(text: str, **known: list[str]) -> list[str]:
    found = complete(text, len(text), DEVICE_FIELDS, known)
    return [text[: one.start] + one.text + text[one.end :] for one in found]


def test_a_word_is_completed() -> None:
    assert completed("web st") == ["web status:"]
    assert completed("-ho") == ["-name:"]
    assert completed("(see") == ["(seen<"]
    assert completed("cp") == ["cpu>"]
    assert completed("status:o") == ["status:online", "status:offline"]
    assert completed("status:online,la") == ["status:online,late"]
    assert completed("tag:f", tag=["First floor", "lab", "far"]) == ['tag:"First floor"', "tag:far"]
    assert completed('tag:"first f', tag=["First floor"]) == ['tag:"First floor"']
    assert completed("nothing:x") == []
    assert completed("cpu>8") == []
    assert complete("os stat x", 7, DEVICE_FIELDS)[0] == Completion(3, 7, "status:", DEVICE_FIELDS[3].help)
