"""The project's own files and what they import, read without importing anything."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agent", "backend_lite", "console")
FOLDERS = (*PACKAGES, "resources", "tests", "build_spec")
FILES = ("pyproject.toml", "README.md")
NOT_OURS = {"__pycache__"}


@dataclass(frozen=True)
class Import:
    """One imported name; `module` is the deepest module of ours in it, or as written when it is not ours."""

    path: str
    line: int
    module: str

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def files() -> Iterator[Path]:
    """Every file of the project that is text of ours: folders of the layout and the files beside them."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not NOT_OURS & set(path.parts):
                yield path
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file() and path.name in FILES)
    yield from (ROOT / name for name in (".pre-commit-config.yaml", ".editorconfig", ".gitignore", ".ci/run"))


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), relative(path))


def imports(*folders: str) -> list[Import]:
    return [found for path in modules(*folders) for found in imports_of(path)]


def imports_of(path: Path) -> Iterator[Import]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative(path), node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(path, node)
            for alias in node.names:
                yield Import(relative(path), node.lineno, deepest(base, alias.name))


def absolute(path: Path, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join((*package, node.module)) if node.module else ".".join(package)


def deepest(base: str, name: str) -> str:
    """`from base import name`: `base.name` when that is a module of ours, else `base`."""
    target = ROOT.joinpath(*base.split("."), name)
    return f"{base}.{name}" if target.with_suffix(".py").is_file() or target.is_dir() else base
