"""The YAML file of a script.

    name: Free disk space
    language: powershell            # bash or sh, where the suffix is .sh
    description: What it is for.
    target_os_type: windows
    timeout_s: 600
    idempotent: true
    tags: [disk, weekly]
    parameters:
    - name: Days
      type: number
      default: 14
      minimum: 1

All of it may be left out. `folder` stands only where the names of the folders on the disk cannot say it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backend_lite.contract.library import MAX_NAME, TARGET_OS_TYPES, Language
from backend_lite.contract.parameters import ScriptParameter, definition_problems
from backend_lite.contract.runs import MAX_TIMEOUT_S
from console.core.script_tree.model import TreeScript
from console.core.texts import tr
from console.core.yaml_files import Document, dump
from console.core.yaml_structs import StructError, read_struct


class About(Struct):
    """What a YAML file says."""

    name: str | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    description: str | None = None
    target_os_type: str | None = None
    timeout_s: int | None = None
    idempotent: bool = False
    tags: list[str] = []
    folder: str | UnsetType = UNSET
    parameters: list[ScriptParameter] = []


def read_about(text: str, language: Language) -> About:
    """`language` is that of the script beside it, should the file not say. Raises StructError."""
    about, document = read_struct(text, About)
    about.language = about.language or language
    if wrong := sorted(_wrong(about, document)):
        raise StructError(wrong)
    return about


def write_about(script: TreeScript, folder: str | None) -> str:
    """`folder` where the file's place does not say it."""
    values: dict[str, object] = {"name": script.name, "language": script.language.value}
    if folder is not None:
        values["folder"] = folder
    for name in ("description", "target_os_type", "timeout_s", "idempotent"):
        if value := getattr(script, name):
            values[name] = value
    if script.tags:
        values["tags"] = list(script.tags)
    if script.parameters:
        values["parameters"] = [_definition(one) for one in script.parameters]
    return dump(values)


def _definition(one: ScriptParameter) -> dict[str, object]:
    """What a parameter says beyond what it would be anyway."""
    usual = msgspec.to_builtins(ScriptParameter(one.name))
    said: dict[str, object] = msgspec.to_builtins(one)
    for bound in ("minimum", "maximum"):
        if isinstance(value := said[bound], float) and value.is_integer():
            said[bound] = int(value)
    return {name: value for name, value in said.items() if name in ("name", "type") or value != usual[name]}


def _wrong(about: About, document: Document) -> Iterator[tuple[int, str]]:
    """What no service would take; it has the last word on all of it."""
    if about.name is not UNSET and (text := name_problem(about.name)):
        yield document.line("$.name"), text
    if about.target_os_type and about.target_os_type not in TARGET_OS_TYPES:
        known = ", ".join(TARGET_OS_TYPES)
        said = about.target_os_type[:40]
        text = tr("“{name}” is no known operating system: use one of {known}.", name=said, known=known)
        yield document.line("$.target_os_type"), text
    if about.timeout_s is not None and not 1 <= about.timeout_s <= MAX_TIMEOUT_S:
        text = tr("The timeout must be between 1 and {most} seconds.", most=MAX_TIMEOUT_S)
        yield document.line("$.timeout_s"), text
    language = about.language.value if about.language else None
    for n, text in definition_problems(about.parameters, language).items():
        yield document.line(f"$.parameters[{n}]"), text


def name_problem(name: str) -> str:
    if not name.strip():
        return tr("A script needs a name.")
    if len(name) > MAX_NAME:
        return tr(
            "The name has {count} characters; at most {most} are allowed.", count=len(name), most=MAX_NAME
        )
    return ""
