"""What an import would do, before it does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from backend_lite.contract.library import Script, ScriptCreate, ScriptUpdate
from console.core.script_tree.model import TreeProblem, TreeScript, name_key
from console.core.texts import tr

_BARE = ("language", "content")
_ALL = (
    "name",
    *_BARE,
    "description",
    "target_os_type",
    "timeout_s",
    "idempotent",
    "folder",
    "tags",
    "parameters",
    "detect",
    "undo",
)


class ImportKind(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    PROBLEM = "problem"


@dataclass(frozen=True)
class ImportItem:
    """One line of the preview. `changes` are names of fields of the script, for CHANGED.

    `script` is there unless the file could not be read, `existing` for CHANGED and SAME, and `problem`
    for PROBLEM.
    """

    kind: ImportKind
    path: PurePosixPath | None
    script: TreeScript | None = None
    existing: Script | None = None
    changes: tuple[str, ...] = ()
    problem: TreeProblem | None = None

    def create(self, message: str) -> ScriptCreate:
        """For NEW."""
        assert self.script is not None
        return self.script.create(message)

    def update(self, message: str) -> ScriptUpdate:
        """For CHANGED: that and nothing else, to be sent with If-Match of `existing.version`."""
        assert self.script is not None
        wanted = self.script.create(message)
        return ScriptUpdate(message=message, **{name: getattr(wanted, name) for name in self.changes})


def plan_import(tree: Iterable[TreeScript | TreeProblem], existing: Sequence[Script]) -> list[ImportItem]:
    """One item for each of `tree`, in its order. Scripts meet by their names, whatever their case.

    Line ends do not count, because git turns them; of a file without YAML only its text and language do.
    """
    tree = list(tree)
    library = {name_key(one.name): one for one in existing}
    first: dict[str, TreeScript] = {}
    items = []
    for one in tree:
        if isinstance(one, TreeProblem):
            items.append(ImportItem(ImportKind.PROBLEM, one.path, problem=one))
        elif (twin := first.setdefault(one.key, one)) is not one:
            items.append(_twin(one, twin))
        else:
            items.append(_compared(one, library.get(one.key)))
    return items


def _twin(script: TreeScript, first: TreeScript) -> ImportItem:
    path = script.about or script.path or PurePosixPath()
    text = tr(
        "“{name}” is the name of {path} too: give one of them another.", name=script.name, path=first.path
    )
    return ImportItem(ImportKind.PROBLEM, script.path, script, problem=TreeProblem(path, text))


def _compared(script: TreeScript, existing: Script | None) -> ImportItem:
    if existing is None:
        return ImportItem(ImportKind.NEW, script.path, script)
    changes = tuple(_changes(script, TreeScript.of(existing)))
    kind = ImportKind.CHANGED if changes else ImportKind.SAME
    return ImportItem(kind, script.path, script, existing, changes)


def _changes(new: TreeScript, old: TreeScript) -> Iterable[str]:
    for name in _BARE if new.is_bare else _ALL:
        if name == "timeout_s" and new.timeout_s is None:
            continue
        if _comparable(getattr(new, name)) != _comparable(getattr(old, name)):
            yield name


def _comparable(value: Any) -> Any:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value
