"""The checks. Each looks at one thing, changes nothing, and yields what it found."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509

from backend_lite.config import DataFolder
from backend_lite.core.db.migrate import known_revisions
from backend_lite.core.local_service import running_service
from backend_lite.core.lock import FolderLock
from backend_lite.core.security.launch import read_launch
from backend_lite.doctor.findings import Finding, good, note, wrong
from backend_lite.doctor.log_errors import errors_since
from backend_lite.errors import StartError

_LEAST_FREE = 1 << 30
_LEAST_FREE_SHARE = 0.05
_LATE = timedelta(days=1)
_RENEW_SOON = timedelta(days=14)
_CLOCK_SLACK = timedelta(minutes=5)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(data: DataFolder, now: datetime | None = None) -> list[Finding]:
    """Everything there is to say about the folder at `now`."""
    now = now or datetime.now(UTC)
    if not data.root.is_dir():
        return [
            wrong(f"There is no folder {data.root}. Name the data folder of your service with --data-dir.")
        ]
    return [
        *_folder(data),
        *_disk(data),
        *_service(data),
        *_database(data),
        *_certificates(data, now),
        *_key_rights(data),
        *_log(data, now),
        *_clock(data, now),
        *_keyring(),
    ]


def _folder(data: DataFolder) -> Iterator[Finding]:
    folders = [
        folder for folder in (data.root, data.keys, data.logs, data.output, data.run) if folder.exists()
    ]
    closed = [folder for folder in folders if not os.access(folder, os.R_OK | os.W_OK | os.X_OK)]
    for folder in closed:
        yield wrong(
            f"This account cannot read and write {folder}. Run the service as its owner, or change that."
        )
    if not closed:
        yield good(f"The data folder {data.root} can be read and written.")


def _disk(data: DataFolder) -> Iterator[Finding]:
    usage = shutil.disk_usage(data.root)
    free = f"{usage.free / (1 << 30):.1f} GiB of {usage.total / (1 << 30):.1f} GiB are free"
    if usage.free < min(_LEAST_FREE, usage.total * _LEAST_FREE_SHARE):
        yield wrong(f"The disk of the data folder is nearly full: {free}. Make room before work is refused.")
    else:
        yield good(f"There is room on the disk: {free}.")


def _service(data: DataFolder) -> Iterator[Finding]:
    launch, service = read_launch(data.service_file), running_service(data)
    if service is not None:
        yield good(f"The service {service.launch.version} runs at {service.launch.admin_url}.")
    elif launch is not None and psutil.pid_exists(launch.pid):
        yield wrong(f"The service does not answer. End process {launch.pid} and start the service again.")
    elif _locked(data):
        yield wrong("Another process holds the data folder, and no service answers. End that process.")
    elif launch is not None:
        yield note(
            "The service does not run, and it was not stopped in order. Start it: it recovers by itself."
        )
    else:
        yield note("The service does not run.")


def _locked(data: DataFolder) -> bool:
    if not data.lock_file.exists():
        return False
    try:
        FolderLock(data.lock_file).release()
    except StartError:
        return True
    return False


def _database(data: DataFolder) -> Iterator[Finding]:
    if not data.database.exists():
        yield note("There is no database yet; the service makes it when it starts.")
        return
    try:
        with closing(sqlite3.connect(f"{data.database.as_uri()}?mode=ro", uri=True)) as connection:
            problems = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
            schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    except (sqlite3.Error, TypeError) as error:
        yield wrong(f"The database {data.database} cannot be read ({error}). Put a backup in its place.")
        return
    if problems != ["ok"]:
        yield wrong(f"The database is damaged ({'; '.join(problems)}). Put a backup in its place.")
    yield from _schema(str(schema))


def _schema(schema: str) -> Iterator[Finding]:
    known = known_revisions()
    if schema not in known:
        yield wrong(
            f"The database is of a newer DeployFlow: its schema is {schema}, this version knows {known[0]}. "
            "Install the newer version again."
        )
    elif schema != known[0]:
        yield note(f"The database is at schema {schema}; the next start brings it to {known[0]}.")
    else:
        yield good(f"The database is sound, at schema {schema}.")


def _certificates(data: DataFolder, now: datetime) -> Iterator[Finding]:
    for name, what, mend in (
        ("ca.pem", "The private CA", "Restore it from a backup: agents trust no other."),
        ("agent-listener.pem", "The certificate for agents", "Start the service again: it makes a new one."),
    ):
        path = data.keys / name
        if not path.exists():
            yield note(f"{what} is not made yet; the first start does that.")
            continue
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            yield wrong(f"{what} {path} cannot be read ({error}). {mend}")
            continue
        yield _dates(certificate, what, mend, now)


def _dates(certificate: x509.Certificate, what: str, mend: str, now: datetime) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return wrong(
            f"{what} begins on {begins:%Y-%m-%d}, and this machine's clock says {now:%Y-%m-%d}. Set it."
        )
    if now >= ends:
        return wrong(f"{what} ended on {ends:%Y-%m-%d}. {mend}")
    if now >= ends - _RENEW_SOON:
        return note(f"{what} ends on {ends:%Y-%m-%d}. {mend}")
    return good(f"{what} is good until {ends:%Y-%m-%d}.")


def _key_rights(data: DataFolder) -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    for path in (*_files(data.keys), data.service_file):
        if path.exists() and path.stat().st_mode & _OTHERS:
            yield wrong(f"Others can read {path}. Take that right away: chmod 600 {path}")


def _log(data: DataFolder, now: datetime) -> Iterator[Finding]:
    errors = errors_since(data.logs, now - _LATE)
    if errors:
        yield wrong(f"The log has {len(errors)} errors of the last 24 hours; the latest: {errors[-1]}")
    else:
        yield good("The log has no errors of the last 24 hours.")


def _clock(data: DataFolder, now: datetime) -> Iterator[Finding]:
    files = [path for path in (data.database, *_files(data.logs)) if path.exists()]
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    if newest > (now + _CLOCK_SLACK).timestamp():
        written = datetime.fromtimestamp(newest, UTC)
        yield wrong(
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, but files were written at "
            f"{written:%Y-%m-%d %H:%M} UTC. Set the clock."
        )
    else:
        yield good(f"The clock says {now:%Y-%m-%d %H:%M} UTC.")


def _keyring() -> Iterator[Finding]:
    import keyring
    from keyring.backends import fail, null

    if isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring):
        yield note("This account has no keyring: to store secrets, start the service with --key-file FILE.")
    else:
        yield good("The keyring of this account can be used.")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())
