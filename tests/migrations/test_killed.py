"""Whenever a migration is killed, the database that is there opens, and the next start brings it through."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend_lite.core.db import migrate as migrate_module
from backend_lite.core.db.migrate import known_revisions, migrate
from backend_lite.errors import StartError
from tests.migrations.content import fill
from tests.migrations.test_migrations import rows, schema, upgrade_to

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

STEPS = 9
"""Two copies, two checks, the migration, two logs that are emptied, two renames."""
KILLED = 77


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the version before the newest, with rows, some of them only in its log."""
    path = tmp_path_factory.mktemp("filled") / "deployflow.db"
    upgrade_to(path, known_revisions()[1])
    fill(path)
    return path


@pytest.fixture(scope="module")
def through(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What a migration that nobody kills makes of it."""
    path = tmp_path_factory.mktemp("through") / "deployflow.db"
    shutil.copyfile(filled, path)
    migrate(path)
    return schema(path), rows(path)


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_step_loses_nothing(
    tmp_path: Path, filled: Path, through: tuple[Any, Any], step: int, moment: str
) -> None:
    path = tmp_path / "deployflow.db"
    shutil.copyfile(filled, path)
    assert in_child(lambda: write_and_die(path)) == KILLED
    assert path.with_name("deployflow.db-wal").stat().st_size
    assert in_child(lambda: migrate_and_die(path, step, moment)) == KILLED

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT value FROM meta WHERE key = 'only'").fetchone() == ("in the log",)
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    assert migrate(path) is (version != known_revisions()[0])
    found = rows(path)
    found["meta"].remove(("only", "in the log"))
    assert (schema(path), {name: sorted(some, key=str) for name, some in found.items()}) == (
        through[0],
        {name: sorted(some, key=str) for name, some in through[1].items()},
    )
    left = {file.name for file in tmp_path.iterdir()} - {"deployflow.db-wal", "deployflow.db-shm"}
    assert left == {"deployflow.db", f"deployflow.db.before-{known_revisions()[1]}"}


def test_there_are_no_other_steps(tmp_path: Path, filled: Path) -> None:
    path = tmp_path / "deployflow.db"
    shutil.copyfile(filled, path)
    assert in_child(lambda: migrate_and_die(path, STEPS, "before")) == 0


def test_without_room_nothing_is_begun(tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deployflow.db"
    shutil.copyfile(filled, path)
    before = path.read_bytes()
    full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    with pytest.raises(StartError, match=r"no room .* 1 MB are free"):
        migrate(path)
    assert (path.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (before, ["deployflow.db"])


def in_child(work: Callable[[], None]) -> int:
    """The exit code of a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def write_and_die(path: Path) -> None:
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("INSERT INTO meta VALUES ('only', 'in the log')")
    os._exit(KILLED)


def migrate_and_die(path: Path, step: int, moment: str) -> None:
    """Killed before or after that step."""
    passed = 0

    def killing(work: Callable[..., Any]) -> Callable[..., Any]:
        def at_step(*arguments: Any, **named: Any) -> Any:
            nonlocal passed
            mine, passed = passed, passed + 1
            if mine == step and moment == "before":
                os._exit(KILLED)
            value = work(*arguments, **named)
            if mine == step:
                os._exit(KILLED)
            return value

        return at_step

    for name in ("copy_database", "check_database", "empty_log", "_upgrade"):
        setattr(migrate_module, name, killing(getattr(migrate_module, name)))
    shutil.copyfile = killing(shutil.copyfile)
    Path.replace = killing(Path.replace)  # type: ignore[method-assign]
    migrate(path)
