"""Templates of profiles as files: their tasks name scripts of the library.

name: Linux baseline
description: What every Linux machine should have.
target_os_type: linux
tasks:
- name: Updates now
  script: 'Linux: install updates'      # the name of a script
  parameters: {Scope: all}
  continue_on_error: true
  timeout_s: 3600
  reboot: announced                      # or always, or never
  condition: {os_type: linux, query: 'tag:office'}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from backend_lite.contract.actions import LANGUAGE_OF, ActionType
from backend_lite.contract.library import TARGET_OS_TYPES, Language, Script
from backend_lite.contract.parameters import PlainValue
from backend_lite.contract.plans import ProfileCreate, ProfileTaskCreate
from backend_lite.contract.runs import MAX_TASKS, MAX_TIMEOUT_S, TaskCondition, TaskReboot
from console.core.script_files import read_text
from console.core.script_tree.about import name_problem
from console.core.script_tree.model import MAX_ABOUT, name_key
from console.core.texts import tr
from console.core.yaml_files import Document
from console.core.yaml_structs import StructError, read_struct

_TYPES: dict[Language, ActionType] = {language: kind for kind, language in LANGUAGE_OF.items()}


class TemplateTask(Struct, frozen=True):
    """`script` is the name of a script."""

    name: str
    script: str
    description: str | None = None
    parameters: dict[str, PlainValue] = {}
    continue_on_error: bool = False
    timeout_s: int | None = None
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = msgspec.field(default_factory=TaskCondition)


class TemplateFile(Struct, frozen=True):
    name: str
    tasks: list[TemplateTask]
    description: str | None = None
    target_os_type: str | None = None

    def create(self, scripts: Mapping[str, Script]) -> ProfileCreate:
        """What makes this template in a service that has `scripts`, by their name keys. Raises KeyError with
        the name of a script that it does not have."""
        return ProfileCreate(
            name=self.name,
            description=self.description,
            target_os_type=self.target_os_type,
            is_template=True,
            tasks=[_task(n, one, _script(scripts, one.script)) for n, one in enumerate(self.tasks, 1)],
        )


def read_template(path: Path) -> TemplateFile:
    """Raises StructError with everything that is wrong, and UnusableFile."""
    template, document = read_struct(read_text(path, MAX_ABOUT), TemplateFile)
    if wrong := sorted(_wrong(template, document)):
        raise StructError(wrong)
    return template


def _script(scripts: Mapping[str, Script], name: str) -> Script:
    if (found := scripts.get(name_key(name))) is None:
        raise KeyError(name)
    return found


def _task(n: int, task: TemplateTask, script: Script) -> ProfileTaskCreate:
    return ProfileTaskCreate(
        name=task.name,
        description=task.description,
        order_index=10 * n,
        action_type=_TYPES[script.language],
        script_id=script.id,
        continue_on_error=task.continue_on_error,
        parameters=dict(task.parameters),
        timeout_s=task.timeout_s,
        reboot=task.reboot,
        condition=task.condition,
    )


def _wrong(template: TemplateFile, document: Document) -> Iterator[tuple[int, str]]:
    if problem := name_problem(template.name):
        yield document.line("$.name"), problem
    if problem := _os_problem(template.target_os_type):
        yield document.line("$.target_os_type"), problem
    if not template.tasks:
        yield document.line("$.tasks"), tr("A template needs at least one task.")
    if len(template.tasks) > MAX_TASKS:
        yield document.line("$.tasks"), tr("A template can have {most} tasks at most.", most=MAX_TASKS)
    for n, task in enumerate(template.tasks):
        for name, problem in _task_problems(task):
            yield document.line(f"$.tasks[{n}].{name}"), problem


def _task_problems(task: TemplateTask) -> Iterator[tuple[str, str]]:
    if not task.name.strip():
        yield "name", tr("A task needs a name.")
    if not task.script.strip():
        yield "script", tr("A task needs the name of a script.")
    if task.timeout_s is not None and not 1 <= task.timeout_s <= MAX_TIMEOUT_S:
        yield "timeout_s", tr("The timeout must be between 1 and {most} seconds.", most=MAX_TIMEOUT_S)
    if problem := _os_problem(task.condition.os_type):
        yield "condition.os_type", problem


def _os_problem(os_type: str | None) -> str:
    if not os_type or os_type in TARGET_OS_TYPES:
        return ""
    known = ", ".join(TARGET_OS_TYPES)
    return tr("“{name}” is no known operating system: use one of {known}.", name=os_type[:40], known=known)
