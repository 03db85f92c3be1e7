"""The scripts and templates that ship with the program, as files, and their way into a service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from backend_lite.contract.library import SCRIPTS, Script, ScriptCreate
from backend_lite.contract.plans import PROFILES, TEMPLATES, Profile, ProfileWithTasks
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Progress
from console.core.resources import resource
from console.core.script_tree import TreeScript, read_tree
from console.core.script_tree.model import name_key
from console.core.template_files import TemplateFile, read_template
from console.core.texts import plural, tr

T = TypeVar("T")

_NOT_ALLOWED = (401, 403)


class DamagedLibrary(Exception):  # noqa: N818
    """A file of the library is not as it was shipped: what and where."""


@dataclass
class Loaded:
    """What became of the library: names of what is new, how many things were there already and stayed as
    they are, and a sentence for each that the service did not take."""

    scripts: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    kept: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many things are new."""
        return len(self.scripts) + len(self.templates)

    def __str__(self) -> str:
        scripts = plural(len(self.scripts), "one script", "{count} scripts")
        templates = plural(len(self.templates), "one template", "{count} templates")
        text = tr("{scripts} and {templates} are new.", scripts=scripts, templates=templates)
        if self.kept:
            text += " " + plural(
                self.kept, "One was there already and stays.", "{count} were there already and stay."
            )
        return " ".join([text, *self.problems])


def starter_scripts(folder: Path | None = None) -> list[ScriptCreate]:
    """All of them by name. Raises OSError and DamagedLibrary."""
    found = read_tree(folder or resource("starter_library/scripts"))
    scripts = [one for one in found if isinstance(one, TreeScript)]
    if len(scripts) < len(found):
        raise DamagedLibrary("\n".join(str(one) for one in found if not isinstance(one, TreeScript)))
    return [one.create(tr("From the starter library")) for one in sorted(scripts, key=lambda one: one.name)]


def starter_templates(folder: Path | None = None) -> list[TemplateFile]:
    """All of them by name. Raises StructError and UnusableFile for a damaged library."""
    folder = folder or resource("starter_library/templates")
    return sorted((read_template(path) for path in folder.glob("*.yaml")), key=lambda one: one.name)


async def load_starter_library(client: ApiClient, progress: Progress) -> Loaded:
    """Creates the scripts and templates whose names are not there yet, and leaves everything else alone.

    What the service does not take is in the answer. Raises ServiceGone, and ApiError where this person may
    not do it.
    """
    loader = _Loader(client, progress, Loaded())
    known = await loader.scripts()
    await loader.templates(known)
    return loader.loaded


@dataclass
class _Loader:
    client: ApiClient
    progress: Progress
    loaded: Loaded

    async def scripts(self) -> dict[str, Script]:
        """All scripts of the service by their name keys."""
        known = {name_key(one.name): one for one in await self.client.get(SCRIPTS, list[Script])}
        wanted = await asyncio.to_thread(starter_scripts)
        for n, script in enumerate(wanted):
            if name_key(script.name) in known:
                self.loaded.kept += 1
                continue
            self.progress.report(n / len(wanted), script.name)
            made = await self._made(script.name, self.client.post(SCRIPTS, script, Script))
            if made is not None:
                known[name_key(made.name)] = made
                self.loaded.scripts.append(made.name)
        return known

    async def templates(self, scripts: dict[str, Script]) -> None:
        known = {name_key(one.name) for one in await self.client.get(TEMPLATES, list[Profile])}
        for template in await asyncio.to_thread(starter_templates):
            if name_key(template.name) in known:
                self.loaded.kept += 1
                continue
            self.progress.report(1.0, template.name)
            await self._template(template, scripts)

    async def _template(self, template: TemplateFile, scripts: dict[str, Script]) -> None:
        try:
            body = template.create(scripts)
        except KeyError as error:
            missing = tr("{name} is not there.", name=error.args[0])
            self.loaded.problems.append(f"{template.name}: {missing}")
            return
        made = await self._made(template.name, self.client.post(PROFILES, body, ProfileWithTasks))
        if made is not None:
            self.loaded.templates.append(made.name)

    async def _made(self, name: str, call: Awaitable[T]) -> T | None:
        try:
            return await call
        except ApiError as error:
            if error.status in _NOT_ALLOWED:
                raise
            self.loaded.problems.append(f"{name}: {error}")
            return None
