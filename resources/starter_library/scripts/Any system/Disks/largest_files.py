"""The largest files under a folder."""

import heapq
import os
import sys
import time
from pathlib import Path

MOST = 25


def files(folder: Path):
    """(size, age in days, path) of every file; what may not be read is counted and left out."""
    now = time.time()
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue
            yield found.st_size, (now - found.st_mtime) / 86400, path


def main() -> int:
    wanted = os.environ.get("DF_FOLDER", "")
    folder = Path(wanted) if wanted else Path.home()
    if not folder.is_dir():
        print(f"There is no folder {folder}.", file=sys.stderr)
        return 2
    total = count = 0
    largest = []
    for size, age, path in files(folder):
        total, count = total + size, count + 1
        entry = (size, age, path)
        if len(largest) < MOST:
            heapq.heappush(largest, entry)
        else:
            heapq.heappushpop(largest, entry)
    print(f"{count:,} files, {total / 2**20:,.1f} MB under {folder}\n")
    for size, age, path in sorted(largest, reverse=True):
        print(f"{size / 2**20:10,.1f} MB  {age:6,.0f} days  {path}")
    return 0


sys.exit(main())
