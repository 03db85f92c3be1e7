"""What a person should have seen in a script before it runs. Comments and texts that are only shown count for
nothing, but for credentials of a well-known shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec.structs import replace

from backend_lite.contract.library import Language
from backend_lite.contract.runs import Finding, Severity
from backend_lite.features.library.finding_cmd import cmd_commands
from backend_lite.features.library.finding_python import python_commands
from backend_lite.features.library.finding_rules import RULES
from backend_lite.features.library.finding_secrets import literal_in, shape_in
from backend_lite.features.library.finding_trees import powershell_commands, shell_commands
from backend_lite.features.library.finding_words import Command

MAX_FINDINGS = 100
MOST_PIPES = 3000
"""The time that a parser needs for a pipeline grows with the square of its length."""
_CREDENTIAL = "in clear: whoever can read the script has it. Make it a secret parameter."
_COMMENTS = {
    Language.CMD: ("rem ", "::", "@rem "),
    Language.POWERSHELL: ("#",),
    Language.BASH: ("#",),
    Language.SH: ("#",),
    Language.PYTHON: ("#",),
}
_COMMANDS: dict[Language, Callable[[str], list[Command]]] = {
    Language.POWERSHELL: powershell_commands,
    Language.BASH: shell_commands,
    Language.SH: shell_commands,
    Language.CMD: cmd_commands,
    Language.PYTHON: python_commands,
}


def findings(language: Language, content: str) -> list[Finding]:
    """By line, each once; the first MAX_FINDINGS."""
    return list(_findings(language, content))


def all_findings(
    language: Language, content: str, detect: str | None = None, undo: str | None = None
) -> list[Finding]:
    """Those of the script, then of what it looks with, then of what takes it back."""
    found = findings(language, content)
    for part, text in (("detect", detect), ("undo", undo)):
        found += [replace(one, part=part) for one in findings(language, text or "")]
    return found


# The same script is looked at again with every preview.
@lru_cache(maxsize=64)
def _findings(language: Language, content: str) -> tuple[Finding, ...]:
    found = {(one.line, one.rule, one.text): one for one in _all(language, content)}
    return tuple(found[key] for key in sorted(found)[:MAX_FINDINGS])


def _all(language: Language, content: str) -> Iterator[Finding]:
    looked_at = _up_to(content, "|", MOST_PIPES)
    if len(looked_at) < len(content):
        line = looked_at.count("\n") + 1
        yield Finding(Severity.NOTE, "length", "What follows here was not looked at: it is too much.", line)
    for command in _COMMANDS[language](looked_at):
        for rule in RULES:
            if remark := rule(command):
                yield Finding(remark.severity, remark.rule, remark.text, command.line)
    yield from _credentials(language, content)


def _up_to(content: str, character: str, times: int) -> str:
    """`content` in front of that occurrence of a character; all of it where there are fewer."""
    at = -1
    for _ in range(times):
        at = content.find(character, at + 1)
        if at < 0:
            return content
    return content[:at]


def _credentials(language: Language, content: str) -> Iterator[Finding]:
    bare = language in (Language.BASH, Language.SH, Language.CMD)
    for number, line in enumerate(content.splitlines(), 1):
        if what := shape_in(line):
            yield Finding(Severity.DANGER, "credential", f"Holds {what} {_CREDENTIAL}", number)
        elif not line.lstrip().lower().startswith(_COMMENTS[language]) and literal_in(line, bare=bare):
            yield Finding(
                Severity.WARNING, "credential", f"Seems to hold a password or key {_CREDENTIAL}", number
            )
