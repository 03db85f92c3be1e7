"""What the tests of the run dialog share: a fleet, a library, and a service that looks ahead."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from backend_lite.contract.runs import ROLLOUTS
from console.features.runs.run_dialog import RunDialog
from tests.console import objects

Object = dict[str, Any]
Run = Callable[[Any], Any]
Open = Callable[..., RunDialog]
POST, PREVIEW = f"POST {ROLLOUTS}", f"POST {ROLLOUTS}/preview"
FLEET = [
    objects.device(1, "lab-1"),
    objects.away(2, hostname="lab-2"),
    objects.windows(3, hostname="win-3"),
    objects.device(4, "new-4", admission="pending"),
    objects.device(5, "old-5", facts=objects.facts("linux", "sh")),
]


def parameter(name: str, type_: str = "text", **more: Any) -> Object:
    return {
        "name": name,
        "type": type_,
        "label": "",
        "description": "",
        "required": False,
        "default": None,
        "choices": [],
        "minimum": None,
        "maximum": None,
        **more,
    }


TYPED = [
    parameter("Days", "number", label="Older than", required=True, minimum=1, maximum=90),
    parameter("Cache", "boolean", default=True),
    parameter("Mode", "choice", choices=["report", "delete"], default="report"),
    parameter("Password", "secret"),
    parameter("Config", "file"),
    parameter("Note"),
]
LIBRARY = [
    objects.script(1, "Greet", target_os_type="linux", parameters=[], idempotent=False),
    objects.script(2, "Spooler", language="cmd", target_os_type="windows", parameters=[], idempotent=True),
    objects.script(3, "Clean", parameters=TYPED, idempotent=True),
]
GROUPS: list[Object] = [
    {"id": 1, "name": "Lab", "description": "", "query": None, "device_count": 2, "version": 1},
    {"id": 2, "name": "Linux", "description": "", "query": "os:linux", "device_count": 3, "version": 1},
]


def created(*run_ids: int) -> tuple[int, Any]:
    return 201, {**objects.rollout(7), "run_ids": list(run_ids)}


def line(device: Object, **more: Any) -> Object:
    """A device as a preview has it."""
    return {
        "device_id": device["id"],
        "hostname": device["hostname"],
        "os_type": device["os_type"],
        "connected": device["connected"],
        **more,
    }


def preview(devices: list[Object], **more: Any) -> Object:
    return {
        "devices": devices,
        "offline": sum(not device["connected"] for device in devices),
        "problems": sum(bool(device.get("problem")) for device in devices),
        "revision": 3,
        "expected_ms": None,
        "waves": [len(devices)],
        "findings": [],
        "errors": [],
        "gate": gate(sum(not device.get("problem") for device in devices)),
        **more,
    }


def gate(devices: int, *reasons: str, confirm: bool = False, approve: bool = False) -> Object:
    return {"devices": devices, "confirm": confirm, "approve": approve, "reasons": list(reasons)}


def look(request: httpx.Request) -> tuple[int, Any]:
    """As the service does: named devices that do not fit stand against it, others are skipped."""
    sent = json.loads(request.content)
    script = next((one for one in LIBRARY if one["id"] == sent["script_id"]), LIBRARY[0])
    named = set(sent["targets"]["devices"])
    grouped = {1, 2} if 1 in sent["targets"]["groups"] else set()
    grouped |= {1, 2, 3} if sent["targets"]["query"] else set()
    found = []
    for device in FLEET:
        if device["id"] in named | grouped:
            fits = script["target_os_type"] in (None, device["os_type"])
            detail = "" if fits else "It is for Linux, the device runs Windows 11."
            found.append(
                line(
                    device,
                    problem="" if fits else "os_mismatch",
                    detail=detail,
                    skipped=not fits and device["id"] not in named,
                )
            )
    return 200, preview(found)


def danger(at: int = 4) -> Object:
    return {"severity": "danger", "rule": "deletes", "text": "Deletes files.", "line": at, "task": 1}


def said(dialog: RunDialog) -> list[str]:
    """The sentences of the preview; nothing while there is none."""
    if dialog.loader.preview is None:
        return []
    return [text for _word, _tone, text in dialog.preview.lines.said]
