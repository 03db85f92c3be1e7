"""What a person gives to a run in confidence comes back nowhere: not in answers, refusals, logs or events."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog
from sqlalchemy import text
from structlog.typing import EventDict

from agent.wire.codec import encode
from agent.wire.messages import Offer
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.events.bus import Changed
from tests.backend.runs.site import Site, Worker

pytestmark = pytest.mark.anyio

CANARY = "Kanarienvogel-2f9c"
IN_FILE = base64.b64encode(b"Rotkehlchen-77b1").decode()
"""Of a file: devices and the database have it, nobody else."""
DECLARED = [
    {"name": "password", "type": "secret", "required": True},
    {"name": "count", "type": "number"},
    {"name": "list", "type": "file"},
]
FILE = {"file_name": "list.txt", "content": IN_FILE}

WRONG: list[dict[str, Any]] = [
    {"password": CANARY + "\0"},
    {"password": CANARY * 10_000},
    {"password": CANARY + "\ud800"},
    {"password": [CANARY]},
    {"password": {"file_name": "x", "content": CANARY}},
    {"password": {"content": CANARY}},
    {"pasword": CANARY},
    {CANARY[:12].replace("-", "_"): "x", "password": CANARY},
    {"password": CANARY, "count": "many"},
    {"password": CANARY, "count": CANARY},
    {"password": CANARY, "list": CANARY},
    {"password": CANARY, "list": {"file_name": "a.txt", "content": CANARY}},
    {"password": CANARY, "list": {"file_name": "a/b.txt", "content": IN_FILE}},
    {"password": CANARY, "list": {"file_name": "a.txt", "content": IN_FILE * 50_000}},
    {"password": CANARY, "list": {"file_name": 5, "content": IN_FILE}},
]


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def _written(lines: list[EventDict]) -> str:
    """As the log's file would have it: exceptions with their stacks."""
    stacks = ["".join(traceback.format_exception(line["exc_info"])) for line in lines if "exc_info" in line]
    return "\n".join([*map(str, lines), *stacks])


def _no_canary(raw: str | bytes, where: object = "") -> None:
    found = raw if isinstance(raw, bytes) else raw.encode(errors="surrogatepass")
    assert CANARY.encode() not in found, where
    assert IN_FILE.encode() not in found, where


async def _prepared(site: Site) -> tuple[Worker, dict[str, Any]]:
    """A connected agent, and a rollout for it that can be carried out."""
    script = await site.script("secretive", parameters=DECLARED)
    worker = await site.worker()
    body = {
        "script_id": script,
        "targets": {"devices": [worker.device_id]},
        "parameters": {"password": CANARY, "list": FILE},
    }
    return worker, body


async def test_no_refusal_repeats_what_was_given(site: Site, logged: list[EventDict]) -> None:
    _, body = await _prepared(site)
    owner = site.fleet.owner
    for given in WRONG:
        raw = json.dumps({**body, "parameters": given})
        refused = await site.service.client.post(ROLLOUTS, headers=owner, content=raw)
        assert refused.status_code in (400, 413, 422), (given, refused.text)
        previewed = await site.service.client.post(f"{ROLLOUTS}/preview", headers=owner, content=raw)
        assert previewed.status_code in (200, 413, 422)
        for answer in (refused, previewed):
            assert answer.json()
            _no_canary(answer.content, given)
    for raw in (json.dumps(body)[:-3], json.dumps([body]), json.dumps({**body, "policy": CANARY[0]})):
        refused = await site.service.client.post(ROLLOUTS, headers=owner, content=raw)
        assert refused.status_code == 422
        _no_canary(refused.content)
    _no_canary(_written(logged))


async def test_names_are_shown_and_values_are_not(site: Site, logged: list[EventDict]) -> None:
    events: list[Changed] = []
    site.service.kernel.bus.subscribe(Changed, events.append)
    worker, body = await _prepared(site)
    preview = await site.post(f"{ROLLOUTS}/preview", body)
    assert preview["errors"] == []
    made = await site.post(ROLLOUTS, body)
    (task,) = made["tasks"]
    assert (task["secrets"], task["files"], task["parameters"]) == (["password"], {"list": "list.txt"}, {})
    offer = await worker.takes()
    assert offer.secrets.keys() == {"password"}
    # The device needs the file's content; the secret only it can open.
    assert [file.content for file in offer.files] == [IN_FILE]
    assert CANARY not in encode(offer)
    await worker.ends(offer, 1)
    again = await site.post(f"{ROLLOUTS}/{made['id']}/rerun-failed")
    second: Offer = await worker.takes()
    assert second.secrets == offer.secrets
    await worker.ends(second)
    run_id = made["run_ids"][0]
    third = await site.post(f"{RUNS}/{run_id}/rerun", {})
    one = f"{ROLLOUTS}/{made['id']}"
    for path in (ROLLOUTS, RUNS, one, f"{one}/outputs", f"{RUNS}/{run_id}"):
        _no_canary(json.dumps(await site.get(path)), path)
    _no_canary(json.dumps([preview, made, again, third]))
    assert events
    for event in events:
        _no_canary(msgspec.json.encode(event.value()), event)
    _no_canary(_written(logged))
    folder = site.service.kernel.config.data.database.parent
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 1
    for file in files:
        assert CANARY.encode() not in file.read_bytes(), file


async def test_an_error_within_keeps_it_out_of_the_log(site: Site, logged: list[EventDict]) -> None:
    _, body = await _prepared(site)
    body |= {"title": CANARY, "arguments": [CANARY]}

    def break_it(unit: Any) -> None:
        unit.session.execute(text("ALTER TABLE rollout_tasks RENAME TO elsewhere"))

    await site.service.kernel.database.write(break_it)
    answer = await site.call("POST", ROLLOUTS, body)
    assert answer.status_code == 500
    _no_canary(answer.content)
    written = _written(logged)
    assert "no such table" in written
    _no_canary(written)
