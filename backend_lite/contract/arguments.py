"""The arguments that a script may be given."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.runs import MAX_ARGUMENTS


def arguments_problem(language: str, arguments: Sequence[str]) -> str:
    """The sentence why they will not do, or nothing."""
    if len(arguments) > MAX_ARGUMENTS:
        return f"At most {MAX_ARGUMENTS} arguments can be given."
    if any("\0" in argument for argument in arguments):
        return "An argument cannot contain a NUL character."
    if language == "cmd" and arguments:
        return (
            "A cmd script takes no arguments, because cmd.exe would read them as commands. Use parameters: "
            "they arrive as variables."
        )
    return ""
