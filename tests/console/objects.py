"""Objects of the live stream as the service sends them, for tests of pages."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
MB, GB = 1 << 20, 1 << 30


def device(device_id: int, hostname: str = "", **more: Any) -> Object:
    """An approved Linux device that is connected."""
    return {
        "id": device_id,
        "uid": f"8f0c3c9e-0000-8000-8000-{device_id:012}",
        "hostname": hostname or f"PC-{device_id:02}",
        "profile_id": None,
        "status": "online",
        "os_type": "linux",
        "os_version": "12",
        "os_description": "Debian 12",
        "hardware_summary": None,
        "last_check_in": "2026-03-04T10:42:06.000Z",
        "created_at": "2026-03-01T10:00:00.000Z",
        "admission": "approved",
        "contact": "online",
        "connected": True,
        "address": f"10.0.0.{device_id}",
        "agent_version": "0.1.0",
        "fingerprint": "lusab-babad-gutih-tugad",
        "tags": [],
        "possible_duplicate_of": None,
        "quarantine_reason": None,
        "waiting": "",
        "facts": facts("linux", "bash", "sh", "python"),
        "metrics": metrics(10.0),
        "version": 1,
        **more,
    }


def away(device_id: int, **more: Any) -> Object:
    """A device that was last seen three hours ago."""
    return device(
        device_id,
        contact="offline",
        connected=False,
        last_check_in="2026-03-04T07:42:07.000Z",
        **more,
    )


def windows(device_id: int, **more: Any) -> Object:
    told = facts("windows", "powershell", "cmd", "python")
    return device(device_id, os_type="windows", os_description="Windows 11", facts=told, **more)


def facts(os_type: str, *languages: str) -> Object:
    return {
        "hostname": "PC",
        "os_type": os_type,
        "os_name": os_type.title(),
        "os_version": "12",
        "architecture": "x86_64",
        "cpu_model": "CPU",
        "cpu_count": 4,
        "memory_total": 16 * GB,
        "agent_version": "0.1.0",
        "languages": list(languages),
        "disks": [{"mount": "/", "file_system": "ext4", "total": 400 * GB, "used": 100 * GB}],
        "addresses": [{"interface": "eth0", "address": "10.0.0.1", "mac": "02:00:00:00:00:01"}],
        "serial": "",
        "machine_id": "",
        "manufacturer": "",
        "model": "",
        "time_zone": "UTC",
        "signed_in": [],
        "booted_at": 1_772_000_000_000,
    }


def metrics(cpu: float) -> Object:
    return {
        "cpu_percent": cpu,
        "memory_used": 4 * GB,
        "memory_total": 16 * GB,
        "disk_used": 100 * GB,
        "disk_total": 400 * GB,
        "uptime_s": 86_400,
        "swap_used": 0,
    }


def script(script_id: int, name: str = "", **more: Any) -> Object:
    """A Bash script for any system, in its first revision."""
    return {
        "id": script_id,
        "name": name or f"Script {script_id}",
        "description": None,
        "language": "bash",
        "target_os_type": None,
        "content": "echo hi\n",
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-02T10:00:00.000Z",
        "revision": 1,
        "revision_id": 100 + script_id,
        "timeout_s": 1800,
        "version": 1,
        "parameters": [],
        "idempotent": False,
        "folder": "",
        "tags": [],
        "detect": None,
        "undo": None,
        "author": "owner",
        **more,
    }


def revision(number: int, content: str, message: str = "", script_id: int = 1) -> Object:
    return {
        "id": 100 * script_id + number,
        "script_id": script_id,
        "number": number,
        "language": "bash",
        "content": content,
        "content_hash": "sha256:00",
        "author": "owner",
        "message": message,
        "created_at": "2026-03-02T10:00:00.000Z",
    }


def step(state: str, **more: Any) -> Object:
    return {
        "id": 10,
        "n": 1,
        "type": "bash",
        "name": "Script 1",
        "state": state,
        "reason": "",
        "source": None,
        "attempt": 1,
        "exit_code": None,
        "timeout_s": 1800,
        "started_at": None,
        "ended_at": None,
        "duration_ms": None,
        "stdout_size": 0,
        "stderr_size": 0,
        "stdout_total": 0,
        "stderr_total": 0,
        "truncated": False,
        **more,
    }


STARTED = "2026-03-04T10:41:55.000Z"
ENDED = "2026-03-04T10:42:05.000Z"


def run(run_id: int, state: str = "succeeded", **more: Any) -> Object:
    """A run of script 1 on device 1; one that has started did so 12 s before the test's present."""
    started = STARTED if state not in ("waiting", "queued", "expired") else None
    ended = ENDED if state not in ("waiting", "queued", "running", "cancelling") else None
    code = {"succeeded": 0, "failed": 3}.get(state)
    step_state = "queued" if state == "waiting" else state
    return {
        "id": run_id,
        "rollout_id": 7,
        "title": "Script 1",
        "device_id": 1,
        "device": "PC-01",
        "state": state,
        "reason": "",
        "source": "reported" if ended else None,
        "waiting": "",
        "until": None,
        "created_at": "2026-03-04T10:41:54.000Z",
        "started_at": started,
        "ended_at": ended,
        "created_by": "owner",
        "steps": [step(step_state, exit_code=code, started_at=started, ended_at=ended)],
        **more,
    }


def rollout(rollout_id: int = 7, state: str = "done", **more: Any) -> Object:
    counters = {"total": 1, "succeeded": 1} | more.pop("counters", {})
    names = ("waiting", "queued", "running", "cancelling", "succeeded", "failed", "cancelled", "skipped")
    return {
        "id": rollout_id,
        "title": "Script 1",
        "state": state,
        "script_id": 1,
        "revision_id": 101,
        "revision": 1,
        "type": "bash",
        "arguments": [],
        "parameters": {},
        "policy": {"timeout_s": 600, "expires_after_s": 604_800},
        "counters": dict.fromkeys((*names, "expired", "unknown"), 0) | counters,
        "created_by": "owner",
        "created_at": "2026-03-04T10:41:54.000Z",
        "ended_at": None,
        "tasks": [task(1)],
        "targets": {"devices": [], "groups": [], "query": ""},
        "wave": 1,
        "waves": [],
        "waiting": "",
        "until": None,
        "origin_id": None,
        **more,
    }


def approval(approval_id: int, state: str = "waiting", **more: Any) -> Object:
    """Of rollout 7, asked for by somebody else than the owner ten minutes before the test's present."""
    decided = state != "waiting"
    return {
        "id": approval_id,
        "rollout_id": 7,
        "title": "Script 1",
        "state": state,
        "reasons": ["It is for 120 devices, more than 100."],
        "device_count": 120,
        "findings": [],
        "requested_by": "grace",
        "requested_at": "2026-03-04T10:32:07.000Z",
        "expires_at": "2026-03-07T10:32:07.000Z",
        "comment": "",
        "decided_by": "owner" if decided else "",
        "decided_at": "2026-03-04T10:40:00.000Z" if decided else None,
        **more,
    }


def task(n: int, name: str = "Script 1") -> Object:
    return {
        "n": n,
        "type": "bash",
        "name": name,
        "script_id": 1,
        "revision_id": 101,
        "revision": 1,
        "arguments": [],
        "parameters": {},
        "secrets": [],
        "files": {},
        "timeout_s": 600,
        "continue_on_error": False,
    }


def by_id(*objects: Object) -> dict[int, Object]:
    return {item["id"]: item for item in objects}
