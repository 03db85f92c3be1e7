"""What is installed, as the systems' own lists tell it.

`installed`: a process of its own tells it, with little priority, so that neither its time nor its memory is
the agent's. It needs the standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from agent.environment import script_environment
from agent.wire.codec import MAX_FRAME, encode, to_plain
from agent.wire.messages import SoftwareEntry, SoftwareReport

MOST_ITEMS = 5000
MOST_BYTES = MAX_FRAME - (64 << 10)
"""Of the items as JSON: what is around them in a frame is far less than what this leaves."""
LONGEST_TEXT = 200
_PATIENCE_S = 120.0
_NICENESS = 15
_LISTS_OF_DPKG = Path("/var/lib/dpkg/info")
_APPLICATIONS = Path("/Applications")


def main() -> int:
    """Write the digest and, on the second line, the frame of the report."""
    if sys.platform != "win32":
        os.nice(_NICENESS)
    items = installed()
    report = SoftwareReport(digest_of(items), items)
    sys.stdout.buffer.write(f"{report.digest}\n{encode(report)}\n".encode())
    sys.stdout.flush()
    return 0


def installed() -> tuple[SoftwareEntry, ...]:
    """Sorted, each once, as many as a report may hold."""
    every = {_bounded(entry) for source in _sources() for entry in source()}
    ordered = sorted(every, key=lambda entry: (entry.name.casefold(), *_words(entry)))
    return tuple(_fitting(ordered[:MOST_ITEMS]))


def digest_of(items: Iterable[SoftwareEntry]) -> str:
    """64 hex digits over sorted items."""
    told = [_words(item) for item in items]
    return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode("ascii")).hexdigest()


def _words(entry: SoftwareEntry) -> tuple[str, ...]:
    return (
        entry.name,
        entry.version,
        entry.publisher,
        entry.source,
        entry.architecture,
        entry.installed_on,
    )


def _bounded(entry: SoftwareEntry) -> SoftwareEntry:
    return SoftwareEntry(*(_clean(word) for word in _words(entry)))


def _clean(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())[:LONGEST_TEXT]


def _fitting(entries: list[SoftwareEntry]) -> Iterator[SoftwareEntry]:
    room = MOST_BYTES
    for entry in entries:
        room -= len(json.dumps(to_plain(entry), ensure_ascii=False).encode()) + 2
        if room < 0:
            return
        yield entry


Source = Callable[[], Iterable[SoftwareEntry]]


def _sources() -> tuple[Source, ...]:
    if sys.platform == "win32":
        from agent.probes import windows_software

        return (windows_software.registry,)
    return (_applications,) if sys.platform == "darwin" else (_dpkg, _rpm, _snap, _flatpak)


def _dpkg() -> Iterator[SoftwareEntry]:
    form = "${db:Status-Status}\\t${Package}\\t${Version}\\t${Maintainer}\\t${Architecture}\\n"
    for status, name, version, publisher, architecture in _rows("dpkg-query", "-W", f"-f={form}", columns=5):
        if status == "installed":
            date = _dpkg_date(name, architecture)
            yield SoftwareEntry(name, version, publisher, "dpkg", architecture, date)


def _dpkg_date(name: str, architecture: str) -> str:
    for stem in (name, f"{name}:{architecture}"):
        try:
            return _date((_LISTS_OF_DPKG / f"{stem}.list").stat().st_mtime)
        except OSError:
            continue
    return ""


def _rpm() -> Iterator[SoftwareEntry]:
    form = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{VENDOR}\\t%{ARCH}\\t%{INSTALLTIME}\\n"
    for name, version, publisher, architecture, at in _rows("rpm", "-qa", "--qf", form, columns=5):
        date = _date(float(at)) if at.isdigit() else ""
        vendor = "" if publisher == "(none)" else publisher
        yield SoftwareEntry(name, version, vendor, "rpm", architecture, date)


def _snap() -> Iterator[SoftwareEntry]:
    for line in _lines("snap", "list")[1:]:
        words = line.split()
        if len(words) >= 5:
            yield SoftwareEntry(words[0], words[1], words[4].rstrip("*✓"), "snap")


def _flatpak() -> Iterator[SoftwareEntry]:
    for name, version, publisher, architecture in _rows(
        "flatpak", "list", "--columns=name,version,origin,arch", columns=4
    ):
        yield SoftwareEntry(name, version, publisher, "flatpak", architecture)


def _applications(folder: Path = _APPLICATIONS) -> Iterator[SoftwareEntry]:
    import plistlib

    for path in (*folder.glob("*.app"), *folder.glob("*/*.app")):
        try:
            told = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
        except (OSError, ValueError):
            continue
        name = told.get("CFBundleDisplayName") or told.get("CFBundleName") or path.stem
        yield SoftwareEntry(str(name), str(told.get("CFBundleShortVersionString", "")), source="apps")


def _rows(*argv: str, columns: int) -> Iterator[list[str]]:
    for line in _lines(*argv):
        words = line.split("\t")
        if len(words) == columns:
            yield words


def _lines(program: str, *arguments: str) -> list[str]:
    """What a program prints, nothing where there is no such program."""
    found = shutil.which(program)
    if found is None:
        return []
    environment = {**script_environment(dict(os.environ)), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines()


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
