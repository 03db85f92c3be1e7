"""What a runner is to do, as the agent lays it out in the attempt's folder.

The runner knows nothing of step types: it finds files, a vector to start and limits to keep.
"""

from __future__ import annotations

import json

DEFAULT_GRACE_S = 10.0
KEEP_BYTES = 50 << 20


class Job:
    """One step, ready to run.

    `files` lie in the attempt's private work folder, which is also the working folder of the script.
    `environment` is laid over the runner's own. Of the output the first `keep_bytes` of both streams
    together are kept. `timeout_s` counts only time in which the machine is awake.
    """

    __slots__ = ("argv", "environment", "files", "grace_s", "keep_bytes", "timeout_s")

    def __init__(
        self,
        argv: list[str],
        timeout_s: float,
        files: dict[str, bytes] | None = None,
        environment: dict[str, str] | None = None,
        grace_s: float = DEFAULT_GRACE_S,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self.argv = argv
        self.timeout_s = timeout_s
        self.files = files or {}
        self.environment = environment or {}
        self.grace_s = grace_s
        self.keep_bytes = keep_bytes

    def to_json(self) -> bytes:
        """Everything but the files, which lie beside it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "files"}
        return json.dumps(plain).encode("ascii")

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        return cls(**json.loads(text))
