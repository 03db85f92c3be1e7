"""The columns of the device table."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.fleet import Admission, Contact
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.features.fleet.watch import FleetWatch, share
from console.widgets.table_columns import Column, Kind, Pill, pill_column, tags_column

Object = dict[str, Any]

_CONTACT_ORDER: dict[str, int] = {contact: order for order, contact in enumerate(Contact)}


def device_columns(watch: FleetWatch, clock: Clock) -> list[Column]:
    """Those that are shown at first fit into a small window beside its details."""

    def contact(device: Object) -> Pill:
        return Pill(*words.contact_word(device, clock()))

    def last_run(device: Object) -> Pill | None:
        run = watch.last_run(device["id"])
        return None if run is None else run_pill(run)

    def last_run_key(device: Object) -> int:
        run = watch.last_run(device["id"])
        return -1 if run is None else int(run["id"])

    return [
        Column("name", tr("Name"), name, Kind.STRONG, sort=_name_key, width=112),
        pill_column("contact", tr("Contact"), contact, sort=_contact_key, width=104),
        Column("system", tr("System"), words.device_system, width=136),
        tags_column("tags", tr("Tags"), lambda device: device.get("tags") or (), width=106),
        Column(
            "cpu_recent",
            tr("CPU, recent"),
            lambda device: _figure(device, "cpu_percent"),
            Kind.SPARKLINE,
            lambda device: watch.cpu(device["id"]) if device.get("connected") else (),
            sort=_cpu,
            width=98,
            hidden=True,
        ),
        Column("cpu", tr("CPU"), lambda d: _figure(d, "cpu_percent"), Kind.NUMBER, sort=_cpu, width=60),
        Column(
            "memory",
            tr("Memory"),
            lambda d: _share(d, "memory"),
            Kind.NUMBER,
            sort=_memory,
            width=78,
            hidden=True,
        ),
        Column("disk", tr("Disk used"), lambda d: _share(d, "disk"), Kind.NUMBER, sort=_disk, width=84),
        pill_column("last_run", tr("Last run"), last_run, sort=last_run_key, width=104),
        Column(
            "address",
            tr("Address"),
            lambda d: d.get("address") or NOTHING,
            Kind.MUTED,
            width=120,
            hidden=True,
        ),
        Column(
            "agent",
            tr("Agent"),
            lambda d: d.get("agent_version") or NOTHING,
            Kind.MUTED,
            width=80,
            hidden=True,
        ),
        Column(
            "seen",
            tr("Last contact"),
            lambda d: formatting.ago(d.get("last_check_in"), clock()),
            Kind.MUTED,
            sort=lambda d: d.get("last_check_in") or "",
            hidden=True,
        ),
        Column(
            "uptime",
            tr("Up for"),
            _uptime,
            Kind.NUMBER,
            sort=lambda d: _metric(d, "uptime_s", -1.0),
            hidden=True,
        ),
    ]


def name(device: Object) -> str:
    return str(device.get("hostname") or tr("Unnamed device"))


def _name_key(device: Object) -> str:
    return (device["hostname"] or "").lower()


def run_pill(run: Object) -> Pill:
    """A run's state with its title, and the exit code where it says more than the state."""
    word, tone = words.state_word(run["state"])
    code = words.exit_code(run)
    title = run.get("title") or ""
    after = tr("{title} · exit {code}", title=title, code=code) if code else title
    return Pill(word, tone, after)


SEARCHED = (
    "hostname",
    "contact",
    "admission",
    "os_type",
    "os_description",
    "os_version",
    "address",
    "agent_version",
    "hardware_summary",
    "tags",
)


def search_text(device: Object) -> str:
    """From the fields SEARCHED."""
    *texts, tags = (device.get(key) for key in SEARCHED)
    return " ".join(text for text in (*texts, *(tags or ())) if text).lower()


def _contact_key(device: Object) -> tuple[int, str]:
    if device.get("admission") != Admission.APPROVED:
        return -1, ""
    order = _CONTACT_ORDER.get(device.get("contact") or "", len(_CONTACT_ORDER))
    return order, (device.get("last_check_in") or "") if order else ""


def _metric(device: Object, key: str, missing: float) -> float:
    metrics = device.get("metrics")
    return float(metrics[key]) if metrics else missing


def _cpu(device: Object) -> float:
    metrics = device["metrics"] if device["connected"] else None
    return metrics["cpu_percent"] if metrics else -1.0


def _memory(device: Object) -> float:
    return _part(device, "memory")


def _disk(device: Object) -> float:
    return _part(device, "disk")


def _part(device: Object, what: str) -> float:
    metrics = device.get("metrics")
    found = share(metrics[f"{what}_used"], metrics[f"{what}_total"]) if metrics else None
    return -1.0 if found is None else found


def _figure(device: Object, key: str) -> str:
    metrics = device.get("metrics")
    return formatting.percent(metrics[key]) if metrics and device.get("connected") else NOTHING


def _share(device: Object, what: str) -> str:
    found = _part(device, what)
    return NOTHING if found < 0 else formatting.percent(found)


def _uptime(device: Object) -> str:
    seconds = _metric(device, "uptime_s", -1.0)
    return NOTHING if seconds < 0 or not device.get("connected") else formatting.rough(seconds)
