"""Runs a program of ours in a named network namespace: `-m tests.faults.in_namespace NAME MODULE ...`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    name, module, *arguments = sys.argv[1:]
    command = ["ip", "netns", "exec", name, sys.executable, "-m", module, *arguments]
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
