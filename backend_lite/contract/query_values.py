"""What a query finds in a device or run of the contract: the values of its fields."""

from __future__ import annotations

from collections.abc import Callable

from agent.wire.messages import Metrics
from agent.wire.states import RUN_ENDS
from backend_lite.contract.common import Time, parse_time
from backend_lite.contract.fleet import Contact, Device
from backend_lite.contract.library import os_names
from backend_lite.contract.query_nodes import Value, ValueOf
from backend_lite.contract.runs import Run


def device_values(device: Device, now_ms: int) -> ValueOf:
    """The values of DEVICE_FIELDS."""
    return lambda field: _DEVICE[field](device, now_ms)


def run_values(run: Run, now_ms: int) -> ValueOf:
    """The values of RUN_FIELDS."""
    return lambda field: _RUN[field](run, now_ms)


def status_words(contact: Contact, *, seen: bool = True) -> list[str]:
    """What `status` may be called; `seen`: it was in contact at all."""
    if contact is Contact.WARNING:
        return ["warning", "late"]
    return [contact.value] if seen else [contact.value, "unknown"]


def cpu_of(metrics: Metrics) -> float:
    return float(metrics.cpu_percent)


def mem_of(metrics: Metrics) -> float | None:
    return metrics.memory_used * 100.0 / metrics.memory_total if metrics.memory_total else None


def disk_of(metrics: Metrics) -> float | None:
    return metrics.disk_used * 100.0 / metrics.disk_total if metrics.disk_total else None


def free_of(metrics: Metrics) -> float:
    return float(metrics.disk_total - metrics.disk_used)


def uptime_of(metrics: Metrics) -> float:
    return float(metrics.uptime_s)


def _measured(of: Callable[[Metrics], float | None]) -> Callable[[Device, int], Value]:
    return lambda device, _now: None if device.metrics is None else of(device.metrics)


def _age(time: Time | None, now_ms: int) -> float | None:
    return None if time is None else (now_ms - round(parse_time(time).timestamp() * 1000)) / 1000


def _device_labels(device: Device, _now: int) -> str:
    labels = [device.hostname, device.uid, device.os_type, device.os_version, device.os_description]
    return "\n".join(filter(None, [*labels, device.hardware_summary, device.address, *device.tags]))


_DEVICE: dict[str, Callable[[Device, int], Value]] = {
    "": _device_labels,
    "name": lambda device, _: device.hostname,
    "os": lambda device, _: os_names(device.os_type) if device.os_type else None,
    "system": lambda device, _: device.os_description,
    "status": lambda device, _: status_words(device.contact, seen=device.last_check_in is not None),
    "seen": lambda device, now: _age(device.last_check_in, now),
    "tag": lambda device, _: device.tags,
    "cpu": _measured(cpu_of),
    "mem": _measured(mem_of),
    "disk": _measured(disk_of),
    "free": _measured(free_of),
    "ram": lambda device, _: float(device.facts.memory_total) if device.facts else None,
    "uptime": _measured(uptime_of),
    "address": lambda device, _: device.address,
    "hardware": lambda device, _: device.hardware_summary,
    "agent": lambda device, _: device.agent_version,
    "admission": lambda device, _: device.admission.value,
    "added": lambda device, now: _age(device.created_at, now),
    "id": lambda device, _: float(device.id),
}
_RUN: dict[str, Callable[[Run, int], Value]] = {
    "": lambda run, _: "\n".join((run.title, run.device, run.created_by, run.reason)),
    "state": lambda run, _: [run.state.value, "ended" if run.state in RUN_ENDS else "open"],
    "reason": lambda run, _: run.reason,
    "device": lambda run, _: run.device,
    "title": lambda run, _: run.title,
    "rollout": lambda run, _: float(run.rollout_id),
    "by": lambda run, _: run.created_by,
    "exit": lambda run, _: [float(step.exit_code) for step in run.steps if step.exit_code is not None],
    "wave": lambda run, _: float(run.wave),
    "created": lambda run, now: _age(run.created_at, now),
    "started": lambda run, now: _age(run.started_at, now),
    "ended": lambda run, now: _age(run.ended_at, now),
    "id": lambda run, _: float(run.id),
}
