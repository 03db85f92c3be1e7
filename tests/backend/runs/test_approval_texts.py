"""What a second person reads is what would run, and nobody else reads it."""

from __future__ import annotations

import pytest

from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.runs import ROLLOUTS
from backend_lite.contract.software import SOFTWARE
from tests.backend.runs.site import Site
from tests.backend.runs.test_approval_routes import ask, person, set_limits

pytestmark = pytest.mark.anyio
DANGEROUS = "rm -rf $CACHE/*"


async def texts(site: Site, rollout_id: int) -> list[dict[str, object]]:
    (approval,) = (await site.get(APPROVALS, rollout_id=rollout_id))["items"]
    found: list[dict[str, object]] = await site.get(f"{APPROVALS}/{approval['id']}/texts")
    return found


async def test_the_revision_that_is_pinned_is_shown(site: Site) -> None:
    await person(site, "grace")
    await set_limits(site, dangerous_work="approve")
    wanted = {
        "name": "Wipe",
        "content": DANGEROUS,
        "language": "bash",
        "detect": "exit 1",
        "undo": "echo back",
    }
    script = await site.post(SCRIPTS, wanted)
    tasks = [{"script_id": script["id"]}, {"script_id": script["id"], "action": "undo"}]
    targets = {"devices": [await site.away()]}
    made = await site.post(ROLLOUTS, {"title": "Both", "tasks": tasks, "targets": targets})
    assert made["state"] == "held"
    await site.call("PUT", f"{SCRIPTS}/{script['id']}", {"content": "echo harmless"}, **{"If-Match": "*"})
    found = [
        (one["task"], one["part"], one["language"], one["text"]) for one in await texts(site, made["id"])
    ]
    assert found == [
        (1, "detect", "bash", "exit 1"),
        (1, "", "bash", DANGEROUS),
        (2, "", "bash", "echo back"),
    ]


async def test_software_and_commands_are_shown_as_they_were_asked_for(site: Site) -> None:
    await person(site, "grace")
    await set_limits(site, dangerous_work="approve")
    device_id = await site.away()
    command = {"type": "bash", "payload": DANGEROUS}
    await site.post(f"{DEVICES}/{device_id}/actions", command)
    item = {"name": "Tool", "installer_type": "script", "language": "bash", "install_command": DANGEROUS}
    software = await site.post(SOFTWARE, item)
    order = {"software_id": software["id"], "targets": {"devices": [device_id]}}
    made = await site.post(ROLLOUTS, order)
    (first,) = await texts(site, made["id"] - 1)
    assert (first["language"], first["text"], first["software"]) == ("bash", DANGEROUS, None)
    (second,) = await texts(site, made["id"])
    assert (second["language"], second["text"]) == ("bash", DANGEROUS)
    assert second["software"] == {
        "installer_type": "script",
        "source_type": "none",
        "source": "",
        "arguments": "",
        "sha256": "",
    }


async def test_only_who_asked_and_who_may_approve_read_them(site: Site) -> None:
    other, operator = await person(site, "grace"), await person(site, "linus", "Operator")
    await set_limits(site, approve_above=1)
    devices = [await site.away(), await site.away("web-2")]
    made = await site.roll_out(await site.script("echo hi"), *devices)
    (approval,) = (await site.get(APPROVALS, rollout_id=made["id"]))["items"]
    path = f"{APPROVALS}/{approval['id']}/texts"
    assert (await site.call("GET", path)).status_code == 200
    assert (await ask(site, "GET", path, other)).status_code == 200
    refused = await ask(site, "GET", path, operator)
    assert refused.status_code == 403
    assert "rollouts:approve" in refused.json()["detail"]
    assert (await site.call("GET", f"{APPROVALS}/999/texts")).status_code == 404
