"""Free space of every disk. Exit code 1 when one is too full."""

import os
import re
import shutil
import string
import sys

NO_DISKS = {"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
            "efivarfs", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "proc", "pstore", "ramfs",
            "securityfs", "squashfs", "sysfs", "tmpfs", "tracefs"}  # fmt: skip


def places() -> list[str]:
    """Where the disks are found: letters on Windows, one mount of each device elsewhere."""
    if sys.platform == "win32":
        return [f"{letter}:\\" for letter in string.ascii_uppercase if os.path.isdir(f"{letter}:\\")]
    if not os.path.exists("/proc/mounts"):
        return ["/"]
    found: dict[int, str] = {}
    with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            _, place, kind, *_ = line.split(" ")
            place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
            if kind in NO_DISKS or not os.path.isdir(place):
                continue
            try:
                found.setdefault(os.stat(place).st_dev, place)
            except OSError:
                continue
    return sorted(found.values())


def main() -> int:
    percent = float(os.environ.get("DF_MINIMUMPERCENT", "10"))
    gigabytes = float(os.environ.get("DF_MINIMUMGB", "50"))
    full = 0
    for place in places():
        try:
            usage = shutil.disk_usage(place)
        except OSError as error:
            print(f"      {place} cannot be asked: {error.strerror}")
            continue
        if not usage.total:
            continue
        free, share = usage.free / 2**30, usage.free * 100 / usage.total
        enough = share >= percent or free >= gigabytes
        full += not enough
        print(f"{'good' if enough else 'FULL'}  {free:10,.1f} of {usage.total / 2**30:10,.1f} GB"
              f" free ({share:3.0f} %)  {place}")  # fmt: skip
    if full:
        print(f"{full} too full: less than {percent:g} % and less than {gigabytes:g} GB.", file=sys.stderr)
    return 1 if full else 0


sys.exit(main())
