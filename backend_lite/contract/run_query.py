"""What a query (`contract.query`) can say about runs: GET RUNS?q= and the window's boxes mean the same."""

from __future__ import annotations

from agent.wire.states import RunState
from backend_lite.contract.query_nodes import Field, FieldKind

RUN_FIELDS: tuple[Field, ...] = (
    Field("state", FieldKind.WORD, "how the run is", tuple(RunState)),
    Field("script", FieldKind.TEXT, "the title of what was run", aliases=("title",)),
    Field("device", FieldKind.TEXT, "the name of the device", aliases=("host",)),
    Field("by", FieldKind.LABEL, "who asked for it"),
    Field("exit", FieldKind.NUMBER, "the exit code of the last step that has one"),
    Field("reason", FieldKind.LABEL, "the code of why it is in its state"),
    Field("asked", FieldKind.AGE, "how long ago it was asked for", aliases=("created",)),
    Field("started", FieldKind.AGE, "how long ago it started"),
    Field("ended", FieldKind.AGE, "how long ago it ended"),
    Field("took", FieldKind.DURATION, "how long it took, once it has ended"),
    Field("wave", FieldKind.NUMBER, "its wave in the rollout"),
    Field("rollout", FieldKind.NUMBER, "the number of its rollout"),
    Field("run", FieldKind.NUMBER, "its own number", aliases=("id",)),
)
"""Words and phrases are searched in script, device and by."""
