"""Runs a program of ours as one that knows only an older version of the wire:
`-m tests.faults.older_wire VERSION MODULE ...`.

It offers the versions up to that one, writes no field and no message that came later, and cannot read one.
"""

from __future__ import annotations

import dataclasses
import runpy
import sys
from typing import Any

from agent.wire import codec, messages

NEW_MESSAGES: dict[int, tuple[str, ...]] = {2: ("holding",), 3: ("software",)}
NEW_FIELDS: dict[int, dict[str, tuple[str, ...]]] = {
    2: {
        "offer": ("idle_timeout_s", "working_folder", "run_as", "secrets", "files", "parallel"),
        "welcome": ("spread_s",),
        "receipt": ("reboot",),
        "done": ("stdout_gap", "stderr_gap"),
    },
    3: {"offer": ("detect", "downloads"), "welcome": ("software_digest",)},
}
"""By the version that brought them."""


def main() -> None:
    speak(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def speak(version: int) -> None:
    """From now on this process knows this version of the wire and those before it."""
    messages.WIRE_VERSIONS = tuple(known for known in messages.WIRE_VERSIONS if known <= version)
    later = [name for came, names in NEW_MESSAGES.items() if came > version for name in names]
    for known in (messages.SERVICE_MESSAGES, messages.AGENT_MESSAGES):
        for name in later:
            known.pop(name, None)
    to_plain = codec.to_plain

    def older_plain(value: object) -> Any:
        plain = to_plain(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            name = messages.MESSAGE_NAMES.get(type(value), "")
            if name in later:
                raise AssertionError(f"{name} was sent to a side that does not know it")
            for field in _later_fields(version, name):
                del plain[field]
        return plain

    codec.to_plain = older_plain


def _later_fields(version: int, name: str) -> list[str]:
    return [field for came, news in NEW_FIELDS.items() if came > version for field in news.get(name, ())]


if __name__ == "__main__":
    main()
