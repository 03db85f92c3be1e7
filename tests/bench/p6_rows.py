"""Devices with an open run each, put into the database in bulk."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from agent.wire.states import RolloutState, RunState, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.runs.tables import AttemptRow, RolloutRow, RolloutTaskRow, RunRow, StepRow


def insert_offered(connection: Connection, devices: int) -> None:
    """Devices 1 to `devices`, each with a run of one step that was offered to it."""
    ids = range(1, devices + 1)
    shared = {"created_at": 1, "updated_at": 1}
    connection.execute(
        insert(DeviceRow),
        [
            {
                "id": n,
                "uid": f"device-{n}",
                "public_key": n.to_bytes(32),
                "hostname": f"pc-{n}",
                "tags": [],
                "search": "",
                "admission": Admission.APPROVED,
                "version": 1,
                "edited_at_version": {},
                "created_at": 1,
            }
            for n in ids
        ],
    )
    connection.execute(
        insert(RolloutRow).values(
            id=1,
            title="bench",
            state=RolloutState.RUNNING,
            type="sh",
            arguments=[],
            parameters={},
            policy={},
            total=devices,
            queued=devices,
            look_at=2**50,
            created_by="bench",
            created_by_id=1,
            created_at=1,
        )
    )
    connection.execute(
        insert(RolloutTaskRow).values(
            rollout_id=1, n=1, type="sh", name="bench", payload="", arguments=[], parameters={}, timeout_s=60
        )
    )
    connection.execute(
        insert(RunRow),
        [
            {
                "id": n,
                "rollout_id": 1,
                "device_id": n,
                "device": f"pc-{n}",
                "state": RunState.QUEUED,
                "expires_at": 2**50,
                "created_at": 1,
            }
            for n in ids
        ],
    )
    connection.execute(
        insert(StepRow),
        [
            {
                "id": n,
                "run_id": n,
                "device_id": n,
                "n": 1,
                "type": "sh",
                "name": "bench",
                "timeout_s": 60,
                "state": StepState.OFFERED,
                "attempt": 1,
                **shared,
            }
            for n in ids
        ],
    )
    connection.execute(insert(AttemptRow), [{"step_id": n, "n": 1, "offered_at": 1} for n in ids])
