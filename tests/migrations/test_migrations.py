"""One tree of migrations: it makes exactly the tables of the code, keeps data, and fails without a trace."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session

import backend_lite.app  # noqa: F401 - imports the tables of every area
from backend_lite.core.db import migrate as migrate_module
from backend_lite.core.db.base import Base
from backend_lite.core.db.engine import migration_engine, writer_engine
from backend_lite.core.db.migrate import known_revisions, migrate
from backend_lite.errors import StartError
from tests.migrations.content import fill

OLDEST_FIRST = list(reversed(known_revisions()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deployflow.db"


def upgrade_to(path: Path, revision: str) -> None:
    engine = migration_engine(path)
    with engine.connect() as connection, connection.begin():
        command.upgrade(migrate_module._config(connection), revision)
    engine.dispose()


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
            for name in names
            if not name.startswith("sqlite_") and name != "alembic_version"
        }


def test_the_schema_is_what_the_code_says(path: Path) -> None:
    migrate(path)
    engine = migration_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        made = set(inspect(connection).get_table_names()) - {"alembic_version"}
    engine.dispose()
    assert made == set(Base.metadata.tables)


def test_the_schema_is_the_same_whether_made_or_migrated(path: Path, tmp_path: Path) -> None:
    """Also what the comparison above cannot see: partial indexes, AUTOINCREMENT, names of constraints."""
    migrate(path)
    created = tmp_path / "created.db"
    engine = create_engine(f"sqlite:///{created}")
    Base.metadata.create_all(engine)
    engine.dispose()
    migrated = [_normal(row) for row in schema(path) if row[1] != "alembic_version"]
    assert migrated == [_normal(row) for row in schema(created)]


def _normal(row: tuple[str, ...]) -> tuple[str, ...]:
    """Columns and constraints in any order are the same table: an added column stands behind the others.
    A table that was made anew has its name in quotes."""
    parts, depth = [""], 0
    for character in " ".join(row[2].split()).replace('"', ""):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 1:
            parts.append("")
        elif not (character in "()" and depth == (character == "(")):
            parts[-1] += character
    return (*row[:2], *sorted(part.strip() for part in parts))


def test_every_migration_has_a_name_with_its_number_and_one_parent() -> None:
    scripts = list(ScriptDirectory(str(migrate_module._MIGRATIONS)).walk_revisions())
    assert [f"{number:04d}" for number in range(1, len(scripts) + 1)] == OLDEST_FIRST
    for script in scripts:
        assert Path(script.path).name.startswith(f"{script.revision}_")


@pytest.mark.parametrize("revision", OLDEST_FIRST)
def test_data_of_every_version_comes_through(path: Path, revision: str) -> None:
    upgrade_to(path, revision)
    fill(path)
    before = rows(path)
    assert all(before.values()), "a table without a row proves nothing"
    assert migrate(path) is (revision != OLDEST_FIRST[-1])
    after = rows(path)
    assert {name: len(found) for name, found in after.items() if name in before} == {
        name: len(found) for name, found in before.items()
    }
    assert migrate(path) is False


def test_before_data_is_migrated_a_copy_is_kept(path: Path) -> None:
    upgrade_to(path, "0001")
    fill(path)
    before = rows(path)
    migrate(path)
    copy = path.with_name("deployflow.db.before-0001")
    assert rows(copy) == before


def test_a_first_start_keeps_no_copy(path: Path) -> None:
    assert migrate(path) is True
    assert sorted(file.name for file in path.parent.iterdir()) == ["deployflow.db"]


def test_a_newer_schema_is_refused_with_both_versions_and_stays_as_it_is(path: Path) -> None:
    migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9876'")
    before = schema(path)
    with pytest.raises(StartError, match=f"its schema is 9876, this version knows {OLDEST_FIRST[-1]}"):
        migrate(path)
    assert schema(path) == before


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The versions of this program and one more, whose text the test writes."""
    folder = tmp_path / "migrations"
    versions = folder / "versions"
    versions.mkdir(parents=True)
    original = migrate_module._MIGRATIONS
    (folder / "env.py").write_bytes((original / "env.py").read_bytes())
    for script in (original / "versions").glob("*.py"):
        (versions / script.name).write_bytes(script.read_bytes())
    monkeypatch.setattr(migrate_module, "_MIGRATIONS", folder)
    yield versions / "0999_one_more.py"


def migration(*lines: str) -> str:
    """The text of a migration after the newest."""
    head = ["from alembic import op", f'revision, down_revision = "0999", "{OLDEST_FIRST[-1]}"']
    return "\n".join([*head, "def upgrade():", *(f"    {line}" for line in lines), ""])


def sql(statement: str) -> str:
    return f"op.execute({statement!r})"


MADE, EMPTIED = sql("CREATE TABLE half_done (id INTEGER)"), sql("DELETE FROM meta")


def test_a_migration_that_fails_leaves_nothing(path: Path, one_more: Path) -> None:
    upgrade_to(path, OLDEST_FIRST[-1])
    fill(path)
    before = (schema(path), rows(path))
    one_more.write_text(migration(MADE, EMPTIED, sql("INSERT INTO nowhere VALUES (1)")))
    with pytest.raises(StartError, match=r"cannot be used \(no such table: nowhere\); nothing was changed"):
        migrate(path)
    assert (schema(path), rows(path)) == before
    one_more.write_text(migration(MADE, EMPTIED, 'raise KeyError("a bug")'))
    with pytest.raises(KeyError):
        migrate(path)
    assert (schema(path), rows(path)) == before


def test_a_migration_that_orphans_rows_is_refused_and_leaves_nothing(path: Path, one_more: Path) -> None:
    upgrade_to(path, OLDEST_FIRST[-1])
    fill(path)
    before = rows(path)
    one_more.write_text(migration(sql("DELETE FROM scripts")))
    with pytest.raises(StartError, match="rows without their parents; nothing was changed"):
        migrate(path)
    assert rows(path) == before


def test_recreating_a_parent_table_keeps_its_children(path: Path, one_more: Path) -> None:
    """SQLite's way to alter a table deletes the children where foreign keys are on."""
    upgrade_to(path, OLDEST_FIRST[-1])
    fill(path)
    before = rows(path)
    one_more.write_text(
        migration(
            'with op.batch_alter_table("scripts", recreate="always") as batch:',
            '    batch.alter_column("description", new_column_name="summary")',
        )
    )
    assert migrate(path) is True
    after = rows(path)
    assert after["scripts"] == before["scripts"]
    assert after["script_revisions"] == before["script_revisions"]


def test_the_service_holds_foreign_keys(path: Path) -> None:
    migrate(path)
    engine = writer_engine(path)
    with pytest.raises(Exception, match="FOREIGN KEY"), Session(engine) as session:
        session.connection().exec_driver_sql(
            "INSERT INTO script_revisions (script_id, number, language, content, content_hash, message,"
            " created_at) VALUES (99, 1, 'sh', 'x', 'x', '', 0)"
        )
        session.commit()
    engine.dispose()


def test_open_rollouts_of_api_tokens_are_known_as_theirs(path: Path) -> None:
    """By the name that they were made under; where two tokens of a person had it, nobody guesses."""
    upgrade_to(path, "0014")
    fill(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE users SET username = 'ada'")
        connection.execute("UPDATE tokens SET kind = 'api', name = 'robot', created_by = 1, created_at = 0")
        connection.execute("UPDATE tokens SET name = 'twin' WHERE id > 1")
        connection.execute(
            "UPDATE rollouts SET ended_at = NULL, created_by_id = 1, created_by = 'ada (twin)'"
        )
        connection.execute("UPDATE rollouts SET created_by = 'ada (robot)' WHERE id < 3")
        connection.execute("UPDATE rollouts SET ended_at = 1 WHERE id = 2")
    migrate(path)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT id, token_id, token_name FROM rollouts ORDER BY id").fetchall()
    assert found == [(1, 1, "robot"), (2, None, ""), (3, None, "")]
