"""A profile on a real agent: a script that looks first, a file that is fetched, a task for others, a restart
that is left to others; and the software goes again."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.processes import Api, eventually, fleet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

PROFILES, SOFTWARE, ROLLOUTS = "/api/v1/profiles", "/api/v1/software", "/api/v1/rollouts"
CONTENT = b"#!/bin/sh\necho a tool of 200 kB\n" + b"# filling\n" * 20_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, int]]:
    with fleet(tmp_path_factory.mktemp("profile")) as (_service, _agent, api, device_id):
        yield api, device_id


def _uploaded(api: Api, name: str, content: bytes) -> dict[str, Any]:
    """In two pieces."""
    upload = api.post(f"{SOFTWARE}/uploads", {"file_name": name, "size": len(content)})
    for start in (0, 100_000):
        piece = content[start : 100_000 if start == 0 else None]
        url = f"{api.url}{SOFTWARE}/uploads/{upload['id']}?offset={start}"
        request = urllib.request.Request(url, piece, method="PUT")  # noqa: S310
        request.add_header("Authorization", f"Bearer {api.token}")
        request.add_header("Content-Type", "application/octet-stream")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
    stored: dict[str, Any] = api.post(f"{SOFTWARE}/uploads/{upload['id']}/finish")
    return stored


def _tool(api: Api, place: Path) -> int:
    """A software item whose uploaded file is copied to `place`."""
    stored = _uploaded(api, "tool.sh", CONTENT)
    item = {
        "name": "Tool", "installer_type": "script", "language": "sh", "source_type": "upload",
        "sha256": stored["sha256"], "file_name": stored["file_name"],
        "install_command": f"cp \"$DEPLOYFLOW_FILE\" '{place}' && chmod +x '{place}' && '{place}'\n",
        "uninstall_command": f"rm '{place}' && echo removed\n",
        "detection": {"type": "file", "value": str(place)},
    }  # fmt: skip
    return int(api.post(SOFTWARE, item)["id"])


def _applied(api: Api, profile_id: int, device_id: int) -> dict[str, Any]:
    """The run of the profile on the device, once it has ended."""
    made = api.post(f"{PROFILES}/{profile_id}/apply", {"device_ids": [device_id]})
    return api.ended(made["devices"][0]["run_id"])


def _ends(run: dict[str, Any]) -> list[tuple[str, str, str, int | None]]:
    return [(step["name"], step["state"], step["reason"], step["exit_code"]) for step in run["steps"]]


def _output(api: Api, run: dict[str, Any], n: int) -> str:
    raw: bytes = api.get(f"/api/v1/runs/{run['id']}/steps/{n}/output?stream=stdout")
    return raw.decode()


def test_a_profile_is_applied_and_applied_again(site: tuple[Api, int], tmp_path: Path) -> None:
    api, device_id = site
    marker, place = tmp_path / "configured", tmp_path / "tool"
    looks = api.make_script(
        "Configure", f"echo configured >> '{marker}'\necho did it\n", detect=f"[ -e '{marker}' ]\n"
    )
    software_id = _tool(api, place)
    tasks = [
        {"name": "Configure", "action_type": "sh", "script_id": looks},
        {"name": "Install the tool", "action_type": "install_software", "software_id": software_id},
        {"name": "Of Windows", "action_type": "sh", "script_id": looks, "condition": {"os_type": "windows"}},
        {
            "name": "Wants a restart", "action_type": "sh", "reboot": "never",
            "script_id": api.make_script("Wants a restart", "echo restart me\nexit 194\n"),
        },
        {"name": "Last", "action_type": "sh", "script_id": api.make_script("Last", f"'{place}'\n")},
    ]  # fmt: skip
    body = {"name": "Baseline", "target_os_type": "linux"}
    profile_id = api.post(PROFILES, body)["id"]
    for index, task in enumerate(tasks):
        api.post(f"{PROFILES}/{profile_id}/tasks", task | {"order_index": index})

    first = _applied(api, profile_id, device_id)
    assert first["state"] == "succeeded"
    assert _ends(first) == [
        ("Configure", "succeeded", "", 0),
        ("Install the tool", "succeeded", "", 0),
        ("Of Windows", "skipped", "condition", None),
        ("Wants a restart", "succeeded", "", 194),
        ("Last", "succeeded", "", 0),
    ]
    assert place.read_bytes() == CONTENT
    assert marker.read_text() == "configured\n"
    assert "did it" in _output(api, first, 1)
    assert "a tool of 200 kB" in _output(api, first, 2)
    assert _output(api, first, 4) == "restart me\n"
    assert _output(api, first, 5) == "a tool of 200 kB\n"

    again = _applied(api, profile_id, device_id)
    assert again["state"] == "succeeded"
    assert marker.read_text() == "configured\n", "what is there already is not done again"
    assert "did it" not in _output(api, again, 1)

    gone = api.post(
        ROLLOUTS, {"software_id": software_id, "action": "uninstall", "targets": {"devices": [device_id]}}
    )
    removed = api.ended(gone["run_ids"][0])
    assert [step["state"] for step in removed["steps"]] == ["succeeded"]
    assert "removed" in _output(api, removed, 1)
    assert not place.exists()
    eventually(lambda: api.get(f"/api/v1/devices/{device_id}")["connected"], "the agent, which stayed")
