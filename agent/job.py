"""What the agent hands to a runner: one line on its standard input.

The runner knows nothing of step types: it gets files to write, a vector to start and limits to keep.
"""

from __future__ import annotations

import binascii
import json

DEFAULT_GRACE_S = 10.0
KEEP_BYTES = 50 << 20


class Job:
    """One step, ready to run.

    `folder` is the attempt's folder; `files` are written into its private work folder, which is also the
    working folder of the script. `environment` is laid over the runner's own. Of the output the first
    `keep_bytes` of both streams together are kept. `timeout_s` counts only time in which the machine is
    awake.
    """

    __slots__ = (
        "argv",
        "environment",
        "files",
        "folder",
        "grace_s",
        "keep_bytes",
        "timeout_s",
    )

    def __init__(
        self,
        folder: str,
        argv: list[str],
        timeout_s: float,
        files: dict[str, bytes] | None = None,
        environment: dict[str, str] | None = None,
        grace_s: float = DEFAULT_GRACE_S,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self.folder = folder
        self.argv = argv
        self.timeout_s = timeout_s
        self.files = files or {}
        self.environment = environment or {}
        self.grace_s = grace_s
        self.keep_bytes = keep_bytes

    def to_line(self, attempt: str) -> bytes:
        """The attempt's name, a space, the job in JSON, a line end."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["files"] = {
            name: binascii.b2a_base64(data, newline=False).decode() for name, data in self.files.items()
        }
        return f"{attempt} {json.dumps(plain)}\n".encode("ascii")

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        plain = json.loads(text)
        plain["files"] = {name: binascii.a2b_base64(data) for name, data in plain["files"].items()}
        return cls(**plain)
