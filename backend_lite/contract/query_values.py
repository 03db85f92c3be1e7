"""What a query (`contract.query`) of DEVICE_FIELDS finds in a device of the contract."""

from __future__ import annotations

from collections.abc import Callable

from backend_lite.contract.fleet import Contact
from backend_lite.contract.library import os_names
from backend_lite.contract.query_fields import Plain, Read, age, plain
from backend_lite.contract.query_nodes import NeedsServiceError, Value, ValueOf


def device_values(device: Plain, now_ms: int) -> ValueOf:
    """The values of a `Device`."""
    return lambda field: _DEVICE[field](device, now_ms)


def status_words(contact: str, *, seen: bool = True) -> list[str]:
    """What `status` may be called; `seen`: it was in contact at all."""
    if contact == Contact.WARNING:
        return ["warning", "late"]
    return [str(contact)] if seen else [str(contact), "unknown"]


def metric_value(field: str, metrics: Plain) -> float | None:
    """Of `cpu`, `mem`, `disk`, `free` or `uptime`, from `Metrics`."""
    return _METRICS[field](metrics)


def _share(name: str) -> Callable[[Plain], float | None]:
    def share(metrics: Plain) -> float | None:
        total = metrics[f"{name}_total"]
        return metrics[f"{name}_used"] * 100.0 / total if total else None

    return share


_METRICS: dict[str, Callable[[Plain], float | None]] = {
    "cpu": lambda metrics: float(metrics["cpu_percent"]),
    "mem": _share("memory"),
    "disk": _share("disk"),
    "free": lambda metrics: float(metrics["disk_total"] - metrics["disk_used"]),
    "uptime": lambda metrics: float(metrics["uptime_s"]),
}


def _metric(field: str) -> Read:
    return lambda device, _now: metric_value(field, device["metrics"]) if device["metrics"] else None


def _ask_service(_device: Plain, _now_ms: int) -> Value:
    raise NeedsServiceError("what is installed")


_LABELS = ("hostname", "uid", "os_type", "os_version", "os_description", "hardware_summary", "address")
_DEVICE: dict[str, Read] = {
    "": lambda device, _: "\n".join(filter(None, [*(device[key] for key in _LABELS), *device["tags"]])),
    "name": plain("hostname"),
    "os": lambda device, _: os_names(device["os_type"]) if device["os_type"] else None,
    "system": plain("os_description"),
    "status": lambda device, _: status_words(device["contact"], seen=device["last_check_in"] is not None),
    "seen": age("last_check_in"),
    "tag": plain("tags"),
    "ram": lambda device, _: float(device["facts"]["memory_total"]) if device["facts"] else None,
    "address": plain("address"),
    "hardware": plain("hardware_summary"),
    "agent": plain("agent_version"),
    "admission": plain("admission"),
    "added": age("created_at"),
    "software": _ask_service,
    "id": plain("id"),
} | {field: _metric(field) for field in _METRICS}
