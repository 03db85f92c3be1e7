"""Scripts written as a tree: the same scripts always give the same files."""

from __future__ import annotations

import codecs
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backend_lite.contract.library import Script
from console.core.errors import Mendable
from console.core.script_files import ENDINGS
from console.core.script_tree.about import write_about
from console.core.script_tree.model import ABOUT_SUFFIX, DETECT, SUFFIXES, UNDO, TreeScript, name_key
from console.core.script_tree.names import folder_names, stem_in, stems
from console.core.script_tree.reading import read_tree
from console.core.texts import tr


def write_tree(folder: Path, scripts: Sequence[Script | TreeScript]) -> list[Path]:
    """Brings `folder` to hold `scripts`; answers the files that were written or removed.

    A script that lies there keeps its file name, whatever that is; when it has moved to another folder or
    lost a part, the old files go. A file that is as it should be is not touched, and neither are scripts
    that are not among `scripts`. Each file is there whole or not at all. Raises OSError, and Mendable where
    a link stands in the way.
    """
    wanted = sorted((TreeScript.of(one) if isinstance(one, Script) else one for one in scripts), key=_order)
    folder.mkdir(parents=True, exist_ok=True)
    there = {one.name: one for one in read_tree(folder) if isinstance(one, TreeScript)}
    places = _places(folder, wanted, there)
    files = {path: data for place in places for path, data in place.files().items()}
    stale = {path for place in places for path in _old_files(folder, place, there)} - set(files)
    changed = [path for path, data in sorted(files.items()) if _write(folder, path, data)]
    for path in sorted(stale):
        (folder / path).unlink()
        changed.append(path)
    return [folder / path for path in changed]


def _order(script: TreeScript) -> tuple[str, str]:
    return script.folder, script.name


@dataclass(frozen=True)
class _Place:
    """Where a script is written."""

    script: TreeScript
    folder: PurePosixPath
    stem: str

    def files(self) -> dict[PurePosixPath, bytes]:
        script, suffix = self.script, SUFFIXES[self.script.language]
        said = "" if self.folder == PurePosixPath() else str(self.folder)
        about = write_about(script, None if said == script.folder else script.folder)
        texts = {suffix: script.content, f"{DETECT}{suffix}": script.detect, f"{UNDO}{suffix}": script.undo}
        files = {self.folder / f"{self.stem}{end}": _encoded(text) for end, text in texts.items() if text}
        return {**files, self.folder / f"{self.stem}{ABOUT_SUFFIX}": about.encode()}


def _encoded(text: str) -> bytes:
    """A mark only before a text that begins with one itself, which would be taken for the file's."""
    return (codecs.BOM_UTF8 if text.startswith("\ufeff") else b"") + text.encode()


def _places(root: Path, scripts: Iterable[TreeScript], there: dict[str, TreeScript]) -> list[_Place]:
    spelled: dict[str, PurePosixPath] = {}
    inside: dict[PurePosixPath, list[TreeScript]] = defaultdict(list)
    for script in scripts:
        inside[_spelled_once(script, spelled)].append(script)
    found = []
    for folder, members in inside.items():
        kept = {one.name: stem for one in members if (stem := _stem_there(folder, there.get(one.name)))}
        others = _stems_there(root / folder) - set(kept.values())
        named = stems((one.name for one in members), kept, others)
        found += [_Place(script, folder, named[script.name]) for script in members]
    return found


def _spelled_once(script: TreeScript, spelled: dict[str, PurePosixPath]) -> PurePosixPath:
    """`Windows` and `windows` are one folder on some systems: the first spelling goes for both."""
    place = PurePosixPath()
    for part in folder_names(script.folder):
        place = spelled.setdefault(name_key(str(place / part)), place / part)
    return place


def _stem_there(folder: PurePosixPath, old: TreeScript | None) -> str:
    file = old and (old.about or old.path)
    return file.stem if file and file.parent == folder else ""


def _stems_there(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    return {
        stem_in(path.name)
        for path in folder.iterdir()
        if path.suffix.lower() in (*ENDINGS, ABOUT_SUFFIX, ".yml")
    }


def _old_files(folder: Path, place: _Place, there: dict[str, TreeScript]) -> list[PurePosixPath]:
    """The files that this script had in the tree."""
    old = there.get(place.script.name)
    if old is None or old.about is None or old.path is None:
        return []
    ends = [f"{kind}{end}" for kind in ("", DETECT, UNDO) for end in ENDINGS]
    own = [old.about, *(old.about.with_name(f"{old.about.stem}{end}") for end in ends)]
    return [path for path in own if (folder / path).is_file()]


def _write(root: Path, path: PurePosixPath, data: bytes) -> bool:
    """False where the file is so already."""
    target = root / path
    for parent in [root / above for above in reversed(path.parents) if above != PurePosixPath()]:
        if parent.is_symlink():
            raise Mendable(tr("{path} is a link: choose another folder, or remove it.", path=parent))
    try:
        if not target.is_symlink() and target.read_bytes() == data:
            return False
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    draft, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    try:
        with os.fdopen(draft, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True
