"""A script as it lies in a tree, and what can be wrong with one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from backend_lite.contract.library import Language, Script, ScriptCreate
from backend_lite.contract.parameters import ScriptParameter

MAX_FILES = 20_000
"""Most files of one tree that are looked at."""
MAX_DEPTH = 20
"""Most folders in each other."""
MAX_ABOUT = 512 << 10
"""Bytes of a YAML file: more than all that a script can declare."""

SUFFIXES: dict[Language, str] = {
    Language.POWERSHELL: ".ps1",
    Language.BASH: ".sh",
    Language.SH: ".sh",
    Language.CMD: ".cmd",
    Language.PYTHON: ".py",
}
ABOUT_SUFFIX = ".yaml"
DETECT, UNDO = ".detect", ".undo"


@dataclass(frozen=True)
class TreeProblem:
    """One thing that is wrong: the file from the tree's root, the line from 1 where there is one, and a
    sentence."""

    path: PurePosixPath
    text: str
    line: int | None = None

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.text}"


@dataclass(frozen=True)
class TreeScript:
    """A script without all that only a service knows. `timeout_s` is None where nobody said one.

    `path` is the file of its text from the tree's root and `about` its YAML file, for those that were read.
    """

    name: str
    content: str
    language: Language
    description: str = ""
    target_os_type: str | None = None
    timeout_s: int | None = None
    idempotent: bool = False
    folder: str = ""
    tags: tuple[str, ...] = ()
    parameters: tuple[ScriptParameter, ...] = ()
    detect: str | None = None
    undo: str | None = None
    path: PurePosixPath | None = field(default=None, compare=False)
    about: PurePosixPath | None = field(default=None, compare=False)

    @property
    def is_bare(self) -> bool:
        """True for a file of which only text and language are known."""
        return self.about is None

    @property
    def key(self) -> str:
        return name_key(self.name)

    @classmethod
    def of(cls, script: Script) -> TreeScript:
        return cls(
            name=script.name,
            content=script.content,
            language=script.language,
            description=script.description or "",
            target_os_type=script.target_os_type,
            timeout_s=script.timeout_s,
            idempotent=script.idempotent,
            folder=script.folder,
            tags=tuple(script.tags),
            parameters=tuple(script.parameters),
            detect=script.detect or None,
            undo=script.undo or None,
        )

    def create(self, message: str) -> ScriptCreate:
        """What makes this script in a service, with `message` at its first revision."""
        return ScriptCreate(
            name=self.name,
            content=self.content,
            language=self.language,
            description=self.description or None,
            target_os_type=self.target_os_type,
            timeout_s=self.timeout_s,
            message=message,
            parameters=list(self.parameters),
            idempotent=self.idempotent,
            folder=self.folder,
            tags=list(self.tags),
            detect=self.detect,
            undo=self.undo,
        )

    def renamed(self, name: str) -> TreeScript:
        return replace(self, name=name)


def name_key(name: str) -> str:
    """Two scripts with the same one cannot be in one library."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
