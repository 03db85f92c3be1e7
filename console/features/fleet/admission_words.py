"""What is said about devices that want to come in."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.fleet import Admission
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr

Object = dict[str, Any]

# Plain words: these are looked up for every change of every device.
_WAITING = frozenset({Admission.PENDING.value, Admission.QUARANTINED.value})


def is_waiting(device: Object) -> bool:
    """Somebody has to decide about it."""
    return device.get("admission") in _WAITING


def is_clone(device: Object) -> bool:
    return device.get("admission") == Admission.QUARANTINED


def where_from(device: Object) -> str:
    """The token by which it came, and its address."""
    parts = (device.get("came_by"), device.get("address"))
    return " · ".join(part for part in parts if part) or NOTHING


def expected_sentence(entry: Object | None, group_names: dict[int, str]) -> str:
    if entry is None:
        return tr("Not among the expected devices.")
    by = (
        tr("serial number {serial}", serial=entry["serial"])
        if entry["serial"]
        else tr("name {name}", name=entry["hostname"])
    )
    groups = [group_names[key] for key in entry["groups"] if key in group_names]
    gets = [*entry["tags"], *groups]
    said = tr("Expected by {who}, known by its {by}.", who=entry["created_by"], by=by)
    if gets:
        said += " " + tr("It got: {what}.", what=", ".join(gets))
    return f"{said} {entry['note']}".strip()


def comparison(device: Object, other: Object, clock: Clock) -> list[tuple[str, str, str]]:
    """(title, what the newcomer says, what is known of the other); lines that neither has are left out."""
    now = clock()
    lines = [
        (tr("Name"), device.get("hostname"), other.get("hostname")),
        (tr("Serial"), device.get("serial"), other.get("serial")),
        (tr("Machine id"), _fact(device, "machine_id"), _fact(other, "machine_id")),
        (tr("Network cards"), _cards(device), _cards(other)),
        (tr("Hardware"), device.get("hardware_summary"), other.get("hardware_summary")),
        (tr("System"), words.device_system(device), words.device_system(other)),
        (tr("Address"), device.get("address"), other.get("address")),
        (
            tr("Added"),
            formatting.ago(device.get("created_at"), now),
            formatting.ago(other.get("created_at"), now),
        ),
        (tr("Last contact"), _contact(device, clock), _contact(other, clock)),
        (tr("Words"), device.get("fingerprint"), other.get("fingerprint")),
    ]
    return [(title, mine or NOTHING, its or NOTHING) for title, mine, its in lines if mine or its]


def _contact(device: Object, clock: Clock) -> str:
    if device.get("connected"):
        return tr("connected now")
    return formatting.ago(device.get("last_check_in"), clock())


def _fact(device: Object, name: str) -> str:
    return str((device.get("facts") or {}).get(name) or "")


def _cards(device: Object) -> str:
    facts = device.get("facts") or {}
    return ", ".join(sorted({one["mac"] for one in facts.get("addresses") or () if one.get("mac")}))
