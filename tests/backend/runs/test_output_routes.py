"""Output, what is searched in it, which runs wrote the same, and how long it is kept: over the API."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from backend_lite.contract.output import RETENTION
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.runs.tables import AttemptRow, RolloutRow, RunRow, SmallOutputRow, StepRow
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

SEARCH = f"{RUNS}/1/steps/1/output/search"
TEXT = "eins\nzwei Größe\ndrei\nZWEI noch einmal\n"


@pytest.fixture
async def owner(service: InProcess) -> dict[str, str]:
    """Headers of the owner, in a service that has one rollout of three ended runs."""
    await service.kernel.database.write(_fill)
    return await service.sign_in()


def _fill(unit: Unit) -> None:
    execute = unit.session.connection().execute
    execute(
        insert(DeviceRow).values(
            id=1, uid="u1", public_key=bytes(32), hostname="pc-1", search="", admission="approved",
            created_at=0,
        )
    )  # fmt: skip
    execute(
        insert(RolloutRow).values(
            id=1, title="hi", state="done", type="sh", arguments=[], parameters={}, policy={}, total=3,
            succeeded=2, failed=1, created_by_id=1, created_by="ada", created_at=0, ended_at=1,
        )
    )  # fmt: skip
    for n, state in enumerate(("succeeded", "failed", "succeeded"), 1):
        key = "b" * 32 if n == 2 else "a" * 32
        common = {"id": n, "device_id": 1, "state": state, "created_at": 0, "ended_at": 1}
        execute(insert(RunRow).values(rollout_id=1, device="pc-1", expires_at=0, output_key=key, **common))
        execute(
            insert(StepRow).values(
                run_id=n, n=1, type="sh", name="hi", timeout_s=1, attempt=1, updated_at=0,
                exit_code=n % 2 == 0, **common,
            )
        )  # fmt: skip
        raw = TEXT.encode("cp850") if n != 2 else b"no\n"
        sizes = {"stdout_size": len(raw), "stdout_total": len(raw)}
        execute(
            insert(AttemptRow).values(
                id=n, step_id=n, n=1, outcome="exited", offered_at=0, ended_at=1, output_key=key, **sizes
            )
        )
        execute(insert(SmallOutputRow).values(attempt_id=n, stdout=raw, stderr=b"", pieces=b""))


async def _get(service: InProcess, owner: dict[str, str], path: str, **params: Any) -> tuple[int, Any]:
    answer = await service.client.get(path, params=params, headers=owner)
    return answer.status_code, answer.json()


async def test_output_is_searched(service: InProcess, owner: dict[str, str]) -> None:
    status, found = await _get(service, owner, SEARCH, q="GRÖSSE")
    assert (status, found["next_offset"]) == (200, None)
    assert found["matches"] == [{"stream": 0, "line": 2, "offset": 5, "text": "zwei Größe"}]
    _, first = await _get(service, owner, SEARCH, q="zwei", limit=1)
    _, second = await _get(service, owner, SEARCH, q="zwei", limit=1, offset=first["next_offset"])
    assert [match["line"] for match in first["matches"] + second["matches"]] == [2, 4]
    _, exact = await _get(service, owner, SEARCH, q="zwei", match_case="true", encoding="cp850", attempt=1)
    assert [match["line"] for match in exact["matches"]] == [2]


@pytest.mark.parametrize(
    "wrong", [{"q": ""}, {"stream": "x"}, {"offset": -1}, {"limit": 0}, {"limit": 9_999}, {"encoding": "x"}]
)
async def test_a_wrong_search_is_refused(
    service: InProcess, owner: dict[str, str], wrong: dict[str, Any]
) -> None:
    status, refusal = await _get(service, owner, SEARCH, **{"q": "x", **wrong})
    assert status == 400
    assert refusal["detail"].endswith(".")


async def test_runs_are_grouped_by_output(service: InProcess, owner: dict[str, str]) -> None:
    for params in ({}, {"step": 1}):
        _, answer = await _get(service, owner, f"{ROLLOUTS}/1/outputs", **params)
        groups = [(g["count"], g["run_ids"], g["exit_codes"], g["sample"]) for g in answer["groups"]]
        assert groups == [(2, [1, 3], [0], TEXT.rstrip()), (1, [2], [1], "no")]
    assert (await _get(service, owner, f"{ROLLOUTS}/1/outputs", step=2))[1] == {"groups": []}
    assert (await _get(service, owner, f"{ROLLOUTS}/9/outputs"))[0] == 404


async def test_removed_output_is_told(service: InProcess, owner: dict[str, str]) -> None:
    await service.kernel.database.write(
        lambda unit: unit.session.execute(update(AttemptRow).values(output_removed_at=1)) and None
    )
    for path in ("", "/index", "/search"):
        status, refusal = await _get(service, owner, f"{RUNS}/1/steps/1/output{path}", q="x")
        assert (status, refusal["code"]) == (404, "output_removed")
    _, run = await _get(service, owner, f"{RUNS}/1")
    assert run["steps"][0]["output_removed_at"] == "1970-01-01T00:00:00.001Z"


async def test_lists_take_queries_and_orders(service: InProcess, owner: dict[str, str]) -> None:
    _, page = await _get(service, owner, RUNS, q="state:succeeded", sort="id", limit=1)
    assert ([run["id"] for run in page["items"]], page["next"]) == ([1], "1")
    _, page = await _get(service, owner, RUNS, q="state:succeeded", sort="id", cursor=page["next"])
    assert ([run["id"] for run in page["items"]], page["next"]) == ([3], None)
    _, page = await _get(service, owner, ROLLOUTS, q="title:hi by:ada state:done")
    assert [rollout["id"] for rollout in page["items"]] == [1]
    status, refusal = await _get(service, owner, RUNS, q="colour:red")
    assert (status, refusal["code"]) == (400, "bad_query")


async def test_retention_is_foretold_and_nothing_changes(service: InProcess, owner: dict[str, str]) -> None:
    _, rules = await _get(service, owner, RETENTION)
    answer = await service.client.post(f"{RETENTION}/preview", json={"runs_days": 1}, headers=owner)
    assert answer.status_code == 200
    kept = answer.json()["kept_bytes"]
    assert answer.json() == {"runs": 3, "outputs": 3, "output_bytes": kept, "kept_bytes": kept}
    forever = {"runs_days": 0, "output_days": 0, "output_max_bytes": 0}
    answer = await service.client.post(f"{RETENTION}/preview", json=forever, headers=owner)
    assert answer.json() == {"runs": 0, "outputs": 0, "output_bytes": 0, "kept_bytes": kept}
    refused = await service.client.post(f"{RETENTION}/preview", json={"runs_days": -1}, headers=owner)
    assert refused.status_code == 400
    assert (await _get(service, owner, RETENTION))[1] == rules


async def test_retention_is_read_and_changed(service: InProcess, owner: dict[str, str]) -> None:
    _, rules = await _get(service, owner, RETENTION)
    assert rules == {"runs_days": 0, "output_days": 90, "output_max_bytes": 20 << 30}
    wanted = {"runs_days": 365, "output_days": 30, "output_max_bytes": 0}
    answer = await service.client.put(RETENTION, json=wanted, headers=owner)
    assert (answer.status_code, answer.json()) == (200, wanted)
    assert (await _get(service, owner, RETENTION))[1] == wanted
    answer = await service.client.put(RETENTION, json={"runs_days": -1}, headers=owner)
    assert answer.status_code == 400
