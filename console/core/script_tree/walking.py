"""The files of a folder and of those in it, without ever leaving it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from console.core.script_tree.model import MAX_DEPTH, MAX_FILES, TreeProblem, TreeScript
from console.core.texts import tr

_MOUNT_POINT = 0xA0000003
"""What Windows calls a junction."""


def readable_files(
    root: Path, problems: list[TreeScript | TreeProblem]
) -> Iterator[tuple[PurePosixPath, list[str]]]:
    """Each folder with the names of the files in it that may be read. Links that lead out of `root`, and
    links to folders, are not followed, which is said in `problems`. Raises OSError for `root` itself."""
    left = MAX_FILES
    waiting = [PurePosixPath()]
    while waiting:
        place = waiting.pop()
        try:
            entries = sorted(os.scandir(root / place), key=lambda entry: entry.name)
        except OSError as error:
            if place == PurePosixPath():
                raise
            problems.append(TreeProblem(place, tr("This folder cannot be read: {why}.", why=error.strerror)))
            continue
        files = []
        for entry in entries:
            here = place / entry.name
            if entry.name.startswith("."):
                continue
            if _is_folder_link(entry) or (entry.is_symlink() and not _stays_inside(root, root / here)):
                problems.append(TreeProblem(here, tr("This is a link, which an import does not follow.")))
            elif entry.is_dir():
                if len(here.parts) > MAX_DEPTH:
                    text = tr("More than {limit} folders stand in each other here.", limit=MAX_DEPTH)
                    problems.append(TreeProblem(here, text))
                else:
                    waiting.append(here)
            elif entry.is_file():
                files.append(entry.name)
        if len(files) > left:
            text = tr("There are more than {limit} files: choose a smaller folder.", limit=f"{MAX_FILES:,}")
            problems.append(TreeProblem(place, text))
            return
        left -= len(files)
        yield place, files


def _is_folder_link(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink():
        return entry.is_dir()
    found = entry.stat(follow_symlinks=False)
    return stat.S_ISDIR(found.st_mode) and getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


def _stays_inside(root: Path, link: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False
