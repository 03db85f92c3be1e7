"""Commands of a script as words, whatever its language: what the rules of findings look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """`name` is lower case, without folder and `.exe`; `words` are its arguments without their quotes, `raw`
    is it as it stands; `before` are the names of the commands whose output it gets. `line` counts from 1."""

    name: str
    words: tuple[str, ...]
    raw: str
    line: int
    before: tuple[str, ...] = ()

    def has(self, *wanted: str) -> bool:
        """Whether one of the words is one of `wanted`, in any case."""
        return any(word.lower() in wanted for word in self.words)

    def flag(self, letters: str, *long: str) -> bool:
        """Whether there is `-x` with one of `letters`, also among others as in `-rf`, or a long option."""
        for word in self.words:
            if word.startswith("--"):
                if word.split("=", 1)[0] in long:
                    return True
            elif word.startswith("-") and set(letters) & set(word[1:]):
                return True
        return False


def unquoted(text: str) -> str:
    """Without the quotes around it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def program(text: str) -> str:
    """The name of a program as the rules know it."""
    name = unquoted(text).replace("\\", "/").rsplit("/", 1)[-1].lower()
    return name.removesuffix(".exe").removesuffix(".com")


_PREFIXES = frozenset({"sudo", "doas", "nohup", "time", "exec", "command", "builtin", "env", "nice", "xargs"})
_WITH_VALUE = {"sudo": "ugpCrT", "doas": "u", "nice": "n", "xargs": "InPLEd", "env": "uC"}


def without_prefix(words: list[str]) -> list[str]:
    """What is really run by `sudo -u x ...`, `env A=b ...` and their like."""
    while words and program(words[0]) in _PREFIXES:
        takes = _WITH_VALUE.get(program(words[0]), "")
        at = 1
        while at < len(words) and (words[at].startswith("-") or "=" in words[at].split("$")[0]):
            # Such as `-u root`; in `-uroot` and `-n1` the value is there already.
            alone = len(words[at]) == 2 and words[at][0] == "-" and words[at][1] in takes
            at += 2 if alone else 1
        words = words[at:]
    return words
