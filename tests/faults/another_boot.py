"""Runs a program of ours as if the machine had restarted: `-m tests.faults.another_boot NAME MODULE ...`.

NAME is the boot that it finds itself in. What ran before goes on running, which a test has to see to.
"""

from __future__ import annotations

import runpy
import sys

from agent.platform import this_platform


def main() -> None:
    boot, module, *arguments = sys.argv[1:]
    setattr(type(this_platform()), "boot_id", lambda _platform: boot)  # noqa: B010 - it is a method
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
