"""What a task of a profile may say: every refusal is a sentence that names what would do."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lite.contract.actions import LANGUAGE_OF, ActionType, known_type, language_mismatch
from backend_lite.contract.arguments import arguments_problem
from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.library import TARGET_OS_TYPES, os_matches
from backend_lite.contract.plans import MAX_DESCRIPTION, ProfileTaskCreate
from backend_lite.contract.runs import MAX_TIMEOUT_S, TaskAction, TaskCondition
from backend_lite.core.db.query_sql import parsed
from backend_lite.core.names import checked_name
from backend_lite.errors import InvalidError
from backend_lite.features.library.api import ScriptForRun
from backend_lite.features.plans.catalogue import Catalogue
from backend_lite.features.plans.values import checked_values

Columns = dict[str, Any]

_SOFTWARE = {
    TaskAction.INSTALL: ActionType.INSTALL_SOFTWARE,
    TaskAction.UNINSTALL: ActionType.UNINSTALL_SOFTWARE,
}
_ACTION_OF = {kind: action for action, kind in _SOFTWARE.items()}
_LARGEST_INDEX = 1_000_000
_LONGEST_QUERY = 2000


def checked_task(catalogue: Catalogue, wanted: ProfileTaskCreate, target_os_type: str | None) -> Columns:
    """The columns of a task of a profile for `target_os_type`. Raises InvalidError, NotFoundError."""
    kind = known_type(wanted.action_type)
    labels = _labels(wanted)
    if kind in _ACTION_OF or wanted.software_id is not None:
        return labels | _software(catalogue, wanted, kind, target_os_type)
    if kind not in LANGUAGE_OF:
        raise InvalidError(_unknown_type(wanted.action_type))
    if wanted.script_id is None and wanted.script_revision_id is None:
        return labels | _without_script(wanted)
    return labels | _script(catalogue, wanted, kind, target_os_type)


def checked_os_type(os_type: str | None) -> str | None:
    if not os_type:
        return None
    if os_type not in TARGET_OS_TYPES:
        known = f"{', '.join(TARGET_OS_TYPES[:-1])} or {TARGET_OS_TYPES[-1]}"
        raise InvalidError(f'"{os_type[:40]}" is no known operating system: use {known}, or none for any.')
    return os_type


def checked_text(text: str | None, limit: int, what: str) -> str | None:
    if text is not None and len(text) > limit:
        raise InvalidError(f"The {what} has {len(text):,} characters; at most {limit:,} are allowed.")
    if text is not None and "\0" in text:
        raise InvalidError(f"The {what} holds a NUL character; type it again.")
    return text or None


def _labels(wanted: ProfileTaskCreate) -> Columns:
    if abs(wanted.order_index) > _LARGEST_INDEX:
        raise InvalidError(f"order_index must be between -{_LARGEST_INDEX} and {_LARGEST_INDEX}.")
    if wanted.timeout_s is not None and not 1 <= wanted.timeout_s <= MAX_TIMEOUT_S:
        raise InvalidError(f"The timeout must be between 1 and {MAX_TIMEOUT_S} seconds.")
    return {
        "name": checked_name(wanted.name, what="A task"),
        "description": checked_text(wanted.description, MAX_DESCRIPTION, "description"),
        "order_index": wanted.order_index,
        "continue_on_error": wanted.continue_on_error,
        "timeout_s": wanted.timeout_s,
        "reboot": wanted.reboot.value,
        "condition": msgspec.to_builtins(_checked_condition(wanted.condition)),
    }


def _checked_condition(condition: TaskCondition) -> TaskCondition:
    query = condition.query.strip()
    if len(query) > _LONGEST_QUERY:
        raise InvalidError(f"A condition's query has at most {_LONGEST_QUERY} characters.")
    if query:
        parsed(query, DEVICE_FIELDS)
    return TaskCondition(checked_os_type(condition.os_type), query)


def _without_script(wanted: ProfileTaskCreate) -> Columns:
    """As documented, a task may get its script later."""
    if wanted.action not in (None, TaskAction.RUN) or wanted.arguments or wanted.parameters:
        raise InvalidError("Choose a script for the task first (script_id).")
    return _what(wanted, wanted.action_type, TaskAction.RUN)


def _script(
    catalogue: Catalogue, wanted: ProfileTaskCreate, kind: ActionType, target_os_type: str | None
) -> Columns:
    script = catalogue.script(wanted.script_id, wanted.script_revision_id)
    language, action = LANGUAGE_OF[kind], wanted.action or TaskAction.RUN
    if script.language != language:
        raise InvalidError(language_mismatch(script.language, language))
    _refuse_other_system(f'script "{script.name}"', script.target_os_type, target_os_type)
    _refuse_action(script, action)
    if problem := arguments_problem(language, wanted.arguments):
        raise InvalidError(problem)
    what = _what(wanted, kind.value, action) | {"script_id": script.script_id}
    return what | {
        "arguments": wanted.arguments,
        "parameters": checked_values(script.parameters, wanted.parameters),
    }


def _refuse_action(script: ScriptForRun, action: TaskAction) -> None:
    if action in _SOFTWARE:
        raise InvalidError(f"A script cannot be told to {action}: use run, undo or detect.")
    missing = (action is TaskAction.UNDO and not script.undo) or (
        action is TaskAction.DETECT and not script.detect
    )
    if missing:
        raise InvalidError(f'"{script.name}" has no {action} script: write one, or choose another action.')


def _software(
    catalogue: Catalogue, wanted: ProfileTaskCreate, kind: ActionType | None, target_os_type: str | None
) -> Columns:
    if wanted.script_id is not None or wanted.script_revision_id is not None:
        raise InvalidError("A task has either a script or software: leave one of them out.")
    if wanted.software_id is None:
        raise InvalidError("Choose the software of the task (software_id).")
    implied = _ACTION_OF.get(kind, TaskAction.INSTALL) if kind is not None else TaskAction.INSTALL
    action = wanted.action or implied
    if action not in _SOFTWARE:
        raise InvalidError(f"Software cannot be told to {action}: use install or uninstall.")
    if wanted.arguments or wanted.parameters:
        raise InvalidError("Software takes neither arguments nor parameters: change the software item.")
    software = catalogue.software(wanted.software_id)
    software.job(action.value)
    _refuse_other_system(f'software "{software.name}"', software.target_os_type, target_os_type)
    return _what(wanted, _SOFTWARE[action].value, action)


def _what(wanted: ProfileTaskCreate, action_type: str, action: TaskAction) -> Columns:
    return {
        "action_type": action_type,
        "action": action.value,
        "script_id": wanted.script_id,
        "script_revision_id": wanted.script_revision_id,
        "software_id": wanted.software_id,
        "arguments": [],
        "parameters": {},
    }


def _refuse_other_system(what: str, its_os_type: str | None, target_os_type: str | None) -> None:
    if not os_matches(target_os_type, its_os_type):
        raise InvalidError(
            f"The profile is for {target_os_type}; the {what} is for {its_os_type}.", code="os_mismatch"
        )


def _unknown_type(action_type: str) -> str:
    known = ", ".join([*LANGUAGE_OF, *_ACTION_OF])
    return f'A task cannot have the action type "{action_type[:60]}". Use one of {known}.'
