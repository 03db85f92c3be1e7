"""The live stream for consoles: a snapshot, then every change with a sequence number.

`WS /api/v1/live`. The client's first frame is `LiveHello`. The service answers with one `LiveSnapshot`,
or, where `since` is recent enough, goes on with the changes after it. `seq` only ever grows, also over
restarts of the service. A client that falls behind gets a fresh snapshot. A refused client is told by a
`LiveProblem` before the socket is closed (code 4401).
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

LIVE = "/api/v1/live"
CLOSE_UNAUTHORIZED = 4401
LIVE_ENDED_RUNS = 500
"""How many ended runs, and how many rollouts, a snapshot holds at most; always the newest."""

DEVICE = "device"
SCRIPT = "script"
ROLLOUT = "rollout"
RUN = "run"
ENROLLMENT_TOKEN = "enrollment_token"  # noqa: S105
AGENT_ENDPOINT = "agent_endpoint"
GROUP = "group"
PAUSE = "pause"
APPROVAL = "approval"
SOFTWARE = "software"
OS_IMAGE = "os_image"
PROFILE = "profile"
TEMPLATE = "template"
EXPECTED_DEVICE = "expected_device"
BOOT_ENDPOINT = "boot_endpoint"
BACKUP_STATE = "backup_state"
USER = "user"
ROLE = "role"
API_TOKEN = "api_token"  # noqa: S105
SERVICE = "service"
INSTALLED_SOFTWARE = "installed_software"
FAVORITES = "favorites"
OUTPUT = "output"
"""Kinds. `output` has the step's id and `{run_id, n, attempt, stdout, stderr}` (bytes there are): it is
never in a snapshot, and the bytes themselves are fetched by range. A `profile` and a `template`, which is
one with `is_template`, have no tasks. `service` is one object, a ServiceFacts of `contract.settings`.
`installed_software` has a device's id and `changed_at`, `favorites` a user's id and nothing else: they are
never in a snapshot either, and what is installed, or kept at hand by that person, is fetched."""


class LiveHello(Struct):
    access_token: str
    since: int | None = None


class LiveSnapshot(Struct):
    """Every object of each kind, whole; for runs all open ones and the newest of the ended ones."""

    seq: int
    snapshot: dict[str, list[dict[str, Any]]]


class LiveChange(Struct):
    """`change` holds the changed fields (all of them for a new object); null means it is gone."""

    seq: int
    kind: str
    id: int
    change: dict[str, Any] | None


class LiveProblem(Struct):
    detail: str
    code: str
