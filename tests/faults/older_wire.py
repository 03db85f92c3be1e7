"""Runs a program of ours as one that knows only wire version 1: `-m tests.faults.older_wire MODULE ...`.

It offers version 1 alone, writes no field and no message that came later, and cannot read one.
"""

from __future__ import annotations

import dataclasses
import runpy
import sys
from typing import Any

from agent.wire import codec, messages

NEWER_MESSAGES = ("holding",)
NEWER_FIELDS: dict[str, tuple[str, ...]] = {
    "offer": ("idle_timeout_s", "working_folder", "run_as", "secrets", "files", "parallel"),
    "welcome": ("spread_s",),
    "receipt": ("reboot",),
    "done": ("stdout_gap", "stderr_gap"),
}


def main() -> None:
    messages.WIRE_VERSIONS = (1,)
    for known in (messages.SERVICE_MESSAGES, messages.AGENT_MESSAGES):
        for name in NEWER_MESSAGES:
            known.pop(name, None)
    to_plain = codec.to_plain

    def older_plain(value: object) -> Any:
        plain = to_plain(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            name = messages.MESSAGE_NAMES.get(type(value), "")
            if name in NEWER_MESSAGES:
                raise AssertionError(f"{name} was sent to a side that does not know it")
            for field in NEWER_FIELDS.get(name, ()):
                del plain[field]
        return plain

    codec.to_plain = older_plain
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
