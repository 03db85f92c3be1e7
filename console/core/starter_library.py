"""The scripts that ship with the program, as files: a script, and beside it what it is called and for.

`resources/starter_library/scripts/<stem>.toml` has `name`, `language`, `description`, `timeout_s` and, where
the script is for one system, `target_os_type`; the script is `<stem>` with the suffix of its language.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from backend_lite.contract.library import SCRIPTS, Language, Script, ScriptCreate
from console.core.client import ApiClient
from console.core.ops import Progress
from console.core.resources import resource
from console.core.texts import tr

SUFFIXES: dict[Language, str] = {
    Language.POWERSHELL: ".ps1",
    Language.BASH: ".sh",
    Language.SH: ".sh",
    Language.CMD: ".cmd",
    Language.PYTHON: ".py",
}


class ScriptFile(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in the TOML file."""

    name: str
    language: Language
    description: str
    timeout_s: int
    target_os_type: str | None = None


def starter_scripts(folder: Path | None = None) -> list[ScriptCreate]:
    """All of them by name. Raises OSError and msgspec.ValidationError for a damaged library."""
    folder = folder or resource("starter_library/scripts")
    found = [_read(file) for file in folder.glob("*.toml")]
    return sorted(found, key=lambda script: script.name)


def _read(file: Path) -> ScriptCreate:
    about = msgspec.convert(tomllib.loads(file.read_text("utf-8")), ScriptFile)
    return ScriptCreate(
        name=about.name,
        content=file.with_suffix(SUFFIXES[about.language]).read_text("utf-8"),
        language=about.language,
        description=about.description,
        target_os_type=about.target_os_type,
        timeout_s=about.timeout_s,
        message=tr("From the starter library"),
    )


async def load_starter_library(client: ApiClient, progress: Progress) -> int:
    """Creates those whose name is not there yet; answers how many. Raises ApiError and ServiceGone."""
    known = {script.name for script in await client.get(SCRIPTS, list[Script])}
    missing = [script for script in starter_scripts() if script.name not in known]
    for n, script in enumerate(missing):
        progress.report(n / len(missing), script.name)
        await client.post(SCRIPTS, script, Script)
    return len(missing)
