"""What a client wants of a script, checked: its labels, and what a revision holds."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from backend_lite.contract.library import ScriptCreate, ScriptUpdate
from backend_lite.core.names import checked_name
from backend_lite.features.library import rules
from backend_lite.features.library.reading import parameters_of

BODY = ("language", "content", "parameters", "detect", "undo")
"""What a revision holds: it follows from `ScriptUpdate` and never changes afterwards."""


def labels_of(wanted: ScriptCreate | ScriptUpdate) -> dict[str, Any]:
    """The checked labels that `wanted` names: what is no part of a revision."""
    labels: dict[str, Any] = {}
    if wanted.name is not UNSET:
        labels["name"] = checked_name(wanted.name, what="A script")
    if wanted.description is not UNSET:
        text = rules.checked_text(wanted.description or "", rules.MAX_DESCRIPTION, "description")
        labels["description"] = text or None
    if wanted.target_os_type is not UNSET:
        labels["target_os_type"] = rules.checked_target(wanted.target_os_type)
    if wanted.timeout_s is not UNSET and wanted.timeout_s is not None:
        labels["timeout_s"] = rules.checked_timeout(wanted.timeout_s)
    if wanted.idempotent is not UNSET:
        labels["idempotent"] = wanted.idempotent
    if wanted.folder is not UNSET:
        labels["folder"] = rules.checked_folder(wanted.folder)
    if wanted.tags is not UNSET:
        labels["tags"] = rules.checked_tags(wanted.tags)
    return labels


def body_of(wanted: ScriptCreate | ScriptUpdate) -> dict[str, Any]:
    """The parts of a revision that `wanted` names, checked each by itself."""
    body: dict[str, Any] = {}
    if wanted.language is not UNSET:
        body["language"] = rules.checked_language(wanted.language)
    if wanted.content is not UNSET:
        body["content"] = rules.checked_content(wanted.content)
    if wanted.parameters is not UNSET:
        body["parameters"] = msgspec.to_builtins(wanted.parameters)
    for name in ("detect", "undo"):
        if (text := getattr(wanted, name)) is not UNSET:
            body[name] = rules.checked_companion(text, name)
    return body


def check_whole(body: dict[str, Any]) -> None:
    """What can only be said of all parts together. Raises InvalidError."""
    rules.checked_parameters(parameters_of(body["parameters"]), body["language"])
    rules.checked_size(body["content"], body["detect"], body["undo"])
