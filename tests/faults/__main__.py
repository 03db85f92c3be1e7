"""The long form of every proof: `python -m tests.faults`. Takes more than an hour on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.forms import VARIABLE

SEEDS = 5_000


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    commands = (
        ["-m", "tests.faults.sim", "--seeds", str(SEEDS)],
        ["-m", "pytest", "tests/faults", "-q", "-s"],
    )
    environment = os.environ | {VARIABLE: "long"}
    codes = [
        subprocess.run([sys.executable, *command], cwd=root, env=environment, check=False).returncode
        for command in commands
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
