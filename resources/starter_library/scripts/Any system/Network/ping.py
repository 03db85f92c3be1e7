"""Ping. Exit code 1 when nothing comes back, 2 when it cannot be asked."""

import os
import re
import shutil
import subprocess
import sys


def main() -> int:
    host, count = os.environ["DF_HOST"], int(float(os.environ.get("DF_COUNT", "4")))
    if not re.fullmatch(r"[A-Za-z0-9_:%.][A-Za-z0-9_:%.-]*", host):
        print(f"This cannot be the name or address of a machine: {host}", file=sys.stderr)
        return 2
    program = shutil.which("ping")
    if program is None:
        print("ping is not installed on this machine.", file=sys.stderr)
        return 2
    many = "-n" if sys.platform == "win32" else "-c"
    done = subprocess.run([program, many, str(count), host], stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        print(f"{host} does not answer.", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
