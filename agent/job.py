"""What a runner is to do, as the agent lays it out in the attempt's folder.

The runner knows nothing of step types: it finds files, a vector to start and limits to keep.
"""

from __future__ import annotations

import json

DEFAULT_GRACE_S = 10.0
KEEP_BYTES = 50 << 20

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person


class Job:
    """One step, ready to run.

    `files` lie in the attempt's private work folder, under names that may have folders in them. The script
    starts in `folder`, or in the work folder where that is empty. `environment` is laid over the runner's.
    Of the output the first and the last `keep_bytes` of both streams together are kept. `timeout_s` and
    `idle_timeout_s` (without output; 0: any time) count only time in which the machine is awake.
    `secrets` are the names of those parameters in the parameters file whose values are masked in the output.
    `person` is who runs it, where that is not the agent's own user.
    """

    __slots__ = (
        "argv",
        "environment",
        "files",
        "folder",
        "grace_s",
        "idle_timeout_s",
        "keep_bytes",
        "person",
        "secrets",
        "timeout_s",
    )

    def __init__(
        self,
        argv: list[str],
        timeout_s: float,
        files: dict[str, bytes] | None = None,
        environment: dict[str, str] | None = None,
        grace_s: float = DEFAULT_GRACE_S,
        keep_bytes: int = KEEP_BYTES,
        idle_timeout_s: float = 0.0,
        folder: str = "",
        secrets: list[str] | None = None,
        person: Person | None = None,
    ) -> None:
        self.argv = argv
        self.timeout_s = timeout_s
        self.files = files or {}
        self.environment = environment or {}
        self.grace_s = grace_s
        self.keep_bytes = keep_bytes
        self.idle_timeout_s = idle_timeout_s
        self.folder = folder
        self.secrets = secrets or []
        self.person = person

    def to_json(self) -> bytes:
        """Everything but the files, which lie beside it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "files"}
        return json.dumps(plain).encode("ascii")

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        return cls(**json.loads(text))
