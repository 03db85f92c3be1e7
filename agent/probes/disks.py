"""Disks: what is mounted here for good, without network shares and images."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil

from agent.wire.messages import Disk

_IMAGES = frozenset({"squashfs", "iso9660", "udf", "cdfs"})
_NOT_OURS = frozenset({"remote", "cdrom", "removable"})


def disks() -> tuple[Disk, ...]:
    found = []
    for mount, file_system in _mounts():
        try:
            usage = psutil.disk_usage(mount)
        except OSError:
            continue
        if usage.total:
            found.append(Disk(mount, file_system, usage.total, usage.used))
    return tuple(found)


def together() -> tuple[int, int]:
    """(used, total) of all disks in bytes."""
    found = disks()
    return sum(disk.used for disk in found), sum(disk.total for disk in found)


def _mounts() -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for partition in psutil.disk_partitions(all=False):
        options = set(partition.opts.split(","))
        if partition.device in seen or partition.fstype.lower() in _IMAGES or options & _NOT_OURS:
            continue
        seen.add(partition.device)
        yield partition.mountpoint, partition.fstype
    if not seen and os.name == "posix":
        # In a container the root is no device of its own.
        yield "/", ""
