"""A tree read as scripts, and as sentences about what is none. Nothing is lost because of another file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from msgspec import UNSET

from backend_lite.contract.library import Language
from console.core.script_files import ENDINGS, UnusableFile, language_of, read_text
from console.core.script_tree.about import name_problem, read_about
from console.core.script_tree.model import (
    ABOUT_SUFFIX,
    DETECT,
    MAX_ABOUT,
    UNDO,
    TreeProblem,
    TreeScript,
)
from console.core.script_tree.walking import readable_files
from console.core.texts import tr
from console.core.yaml_structs import StructError

_ABOUT_SUFFIXES = (ABOUT_SUFFIX, ".yml")
_SYSTEMS: dict[Language, str | None] = {
    Language.POWERSHELL: "windows",
    Language.CMD: "windows",
    Language.BASH: "linux",
    Language.SH: "linux",
    Language.PYTHON: None,
}


def read_tree(folder: Path) -> list[TreeScript | TreeProblem]:
    """Everything in `folder`, in the order of its files. Links that lead out of it, and links to folders,
    are not followed. Raises OSError where the folder itself cannot be read."""
    found: list[TreeScript | TreeProblem] = []
    for place, files in readable_files(folder, found):
        for stem, parts in sorted(_stems(files).items()):
            found += _read(folder, place, stem, parts)
    return sorted(_told_apart(found), key=_order)


def _order(item: TreeScript | TreeProblem) -> tuple[str, int]:
    return str(item.path), (item.line or 0) if isinstance(item, TreeProblem) else -1


@dataclass
class _Parts:
    """The files of one stem."""

    texts: list[str] = field(default_factory=list)
    abouts: list[str] = field(default_factory=list)
    detects: list[str] = field(default_factory=list)
    undos: list[str] = field(default_factory=list)


def _stems(files: list[str]) -> dict[str, _Parts]:
    found: dict[str, _Parts] = {}
    for file in files:
        stem, suffix = PurePosixPath(file).stem, PurePosixPath(file).suffix
        if suffix.lower() in _ABOUT_SUFFIXES:
            found.setdefault(stem, _Parts()).abouts.append(file)
        elif suffix.lower() in ENDINGS:
            owner, kind = PurePosixPath(stem).stem, PurePosixPath(stem).suffix
            if kind.lower() == DETECT:
                found.setdefault(owner, _Parts()).detects.append(file)
            elif kind.lower() == UNDO:
                found.setdefault(owner, _Parts()).undos.append(file)
            else:
                found.setdefault(stem, _Parts()).texts.append(file)
    return found


def _read(root: Path, place: PurePosixPath, stem: str, parts: _Parts) -> Iterator[TreeScript | TreeProblem]:
    if not parts.texts:
        for file in (*parts.abouts, *parts.detects, *parts.undos):
            yield TreeProblem(place / file, tr("The script that this belongs to is not beside it."))
        return
    owner = _owner(root, place, parts)
    for file in parts.texts:
        yield from _Reader(root, place, stem, file, parts if file == owner else _Parts()).read()
    if owner is None:
        for file in (*parts.abouts, *parts.detects, *parts.undos):
            names = ", ".join(parts.texts)
            yield TreeProblem(
                place / file, tr("Which of {names} this belongs to cannot be seen.", names=names)
            )


def _owner(root: Path, place: PurePosixPath, parts: _Parts) -> str | None:
    """Which of several texts with one stem the other files belong to: the one of the language they name."""
    if len(parts.texts) == 1:
        return parts.texts[0]
    try:
        text = read_text(Path(root / place / parts.abouts[0]), MAX_ABOUT)
        wanted = read_about(text, Language.BASH).language
    except (IndexError, UnusableFile, StructError):
        return None
    fitting = [file for file in parts.texts if ENDINGS[PurePosixPath(file).suffix.lower()] == _plain(wanted)]
    return fitting[0] if len(fitting) == 1 else None


def _plain(language: object) -> object:
    return Language.BASH if language is Language.SH else language


class _Reader:
    """One script and the files beside it."""

    def __init__(self, root: Path, place: PurePosixPath, stem: str, file: str, parts: _Parts) -> None:
        self._root, self._place, self._stem, self._file, self._parts = root, place, stem, file, parts
        self._problems: list[TreeProblem] = []

    def read(self) -> list[TreeScript | TreeProblem]:
        content = self._text(self._file)
        detect, undo = self._companion(self._parts.detects), self._companion(self._parts.undos)
        script = None
        if content is not None:
            script = self._script(content)
        if script is None or self._problems:
            return list(self._problems)
        return [replace(script, detect=detect, undo=undo)]

    def _script(self, content: str) -> TreeScript | None:
        path = self._place / self._file
        language = language_of(path.suffix, content)
        bare = TreeScript(
            name=self._stem,
            content=content,
            language=language,
            target_os_type=_SYSTEMS[language],
            folder="" if self._place == PurePosixPath() else str(self._place),
            path=path,
        )
        if not self._parts.abouts:
            if problem := name_problem(bare.name):
                self._problems.append(TreeProblem(path, problem))
            return bare
        return self._described(bare, self._place / self._parts.abouts[0])

    def _described(self, bare: TreeScript, about_path: PurePosixPath) -> TreeScript | None:
        for file in self._parts.abouts[1:]:
            text = tr("There is {name} already: remove one of them.", name=about_path.name)
            self._problems.append(TreeProblem(self._place / file, text))
        said = self._text(about_path.name, MAX_ABOUT, empty=True)
        if said is None:
            return None
        try:
            about = read_about(said, bare.language)
        except StructError as error:
            self._problems += [TreeProblem(about_path, text, line) for line, text in error.problems]
            return None
        language = about.language or bare.language
        suffix = PurePosixPath(self._file).suffix.lower()
        if _plain(language) != ENDINGS[suffix]:
            said = tr("The language is {language}, but {name} ends with {suffix}.",
                      language=language, name=self._file, suffix=suffix)  # fmt: skip
            self._problems.append(TreeProblem(about_path, said))
        return replace(
            bare,
            name=bare.name if about.name is UNSET else about.name,
            language=language,
            description=about.description or "",
            target_os_type=about.target_os_type or None,
            timeout_s=about.timeout_s,
            idempotent=about.idempotent,
            folder=bare.folder if about.folder is UNSET else about.folder,
            tags=tuple(about.tags),
            parameters=tuple(about.parameters),
            about=about_path,
        )

    def _companion(self, files: list[str]) -> str | None:
        own = ENDINGS[PurePosixPath(self._file).suffix.lower()]
        for file in files:
            if ENDINGS[PurePosixPath(file).suffix.lower()] != own:
                said = tr("This has to be in the language of {name}.", name=self._file)
                self._problems.append(TreeProblem(self._place / file, said))
        if len(files) > 1:
            said = tr("There is {name} already: remove one of them.", name=files[0])
            self._problems += [TreeProblem(self._place / file, said) for file in files[1:]]
        return self._text(files[0]) if files else None

    def _text(self, file: str, limit: int | None = None, *, empty: bool = False) -> str | None:
        path = self._root / self._place / file
        try:
            if empty and path.stat().st_size == 0:
                return ""
            return read_text(path) if limit is None else read_text(path, limit)
        except (UnusableFile, OSError) as error:
            self._problems.append(TreeProblem(self._place / file, str(error)))
            return None


def _told_apart(found: list[TreeScript | TreeProblem]) -> Iterator[TreeScript | TreeProblem]:
    """Bare files that are called alike get the name of their place too."""
    counts = Counter(item.key for item in found if isinstance(item, TreeScript))
    for item in found:
        if isinstance(item, TreeScript) and item.is_bare and counts[item.key] > 1:
            yield item.renamed(str(item.path))
        else:
            yield item
