"""The output of steps: grouped, searched, in the order of its arrival, and how long it is kept."""

from __future__ import annotations

from msgspec import Struct

RETENTION = "/api/v1/retention"


class OutputGroup(Struct):
    """Runs of a rollout whose output is the same byte for byte. `run_ids` are the first 1,000 of `count`;
    `key` is null for runs that have no output yet or none any more."""

    key: str | None
    count: int
    run_ids: list[int]
    states: dict[str, int]
    exit_codes: list[int | None]
    size: int
    sample: str


class OutputGroups(Struct):
    """GET ROLLOUTS/{id}/outputs?step=: the largest group first."""

    groups: list[OutputGroup]


class OutputMatch(Struct):
    """A line that holds what was searched for: `line` counts from 1, `offset` is its start in bytes."""

    stream: int
    line: int
    offset: int
    text: str


class OutputMatches(Struct):
    """GET RUNS/{id}/steps/{n}/output/search?q=&stream=&offset=&limit=: `next_offset` goes on, or is null."""

    matches: list[OutputMatch]
    next_offset: int | None


class Retention(Struct):
    """GET, PUT RETENTION: what is removed, and only of rollouts that have ended. 0 keeps for ever.
    Changing it needs a fresh sign-in.

    Runs with their output after `runs_days`; output after `output_days`, and the oldest of it where all
    output together is larger than `output_max_bytes`.
    """

    runs_days: int = 0
    output_days: int = 90
    output_max_bytes: int = 20 << 30


class RetentionPreview(Struct):
    """POST RETENTION/preview with the body of PUT RETENTION: what the next turn would remove by these rules.

    `outputs` are those of steps, also of the `runs` that go whole, with `output_bytes` of the `kept_bytes`
    that there are.
    """

    runs: int
    outputs: int
    output_bytes: int
    kept_bytes: int


class OutputPiece(Struct, array_like=True):
    """`length` bytes of `stream` (0 stdout, 1 stderr) from `offset`, `elapsed_ms` after the start."""

    stream: int
    offset: int
    length: int
    elapsed_ms: int


class OutputIndex(Struct):
    """GET RUNS/{id}/steps/{n}/output/index?start=: the order in which pieces arrived, from piece `start`."""

    pieces: list[OutputPiece]
    total: int
