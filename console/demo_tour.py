"""The demo without a display: the same window offscreen, used as a person would use it.

It says step by step what happened, and leaves a picture of every page in both themes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from backend_lite.contract.live import DEVICE, GROUP, SCRIPT
from console.app import App
from console.core import words
from console.core.errors import ConsoleError
from console.core.live import LiveState
from console.core.local_agent import AgentState
from console.core.ops import Progress
from console.core.run_request import RunRequest
from console.core.texts import tr
from console.demo_approval import DemoApproval
from console.demo_content import DemoContent
from console.demo_pictures import Pictures
from console.demo_preparation import enrol_this_pc, load_library_once, make_group
from console.demo_run import DemoRun
from console.demo_steps import Steps, TourError
from console.service_process import ServiceState

TO_SHOW: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Any system: live output test", ("2",)),
    ("Linux: system overview", ()),
)


async def tour(app: App, folder: Path) -> int:
    """The exit code; on failure a sentence is on stderr."""
    try:
        await _Guide(app, folder).go()
    except (ConsoleError, OSError) as error:
        sys.stderr.write(f"The demo failed: {error}\n")
        return 1
    finally:
        app.close()
        await app.closed.wait()
    return 0


class _Guide:
    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._context = app.context
        self._folder = folder
        self._steps = Steps(app.context.notices)

    async def go(self) -> None:
        where = self._app.service.local.data_dir
        self._steps.write(tr("DeployFlow demo without a display. Its data folder: {folder}", folder=where))
        await self._open()
        await self._load_library()
        device = await self._enrol()
        script, arguments = self._choose(device)
        self._steps.say(
            tr("“{script}” is to run on {device}.", script=script["name"], device=device["hostname"])
        )
        request = RunRequest(script_id=script["id"], device_ids=(device["id"],), arguments=arguments)
        run = DemoRun(self._app, self._steps)
        await run.go(request)
        group_id = await self._group(device)
        content = DemoContent(self._app, self._steps)
        try:
            await content.make(device)
            waiting = await DemoApproval(self._app, self._steps).make(device)
            targets = {"device": device["id"], "group": group_id, "script": script["id"]}
            named = {key: str(value) for key, value in targets.items()}
            pictures = Pictures(self._app, self._folder, self._steps)
            count = await pictures.take(named | content.targets | waiting, run, request)
        finally:
            await content.stop()
        self._steps.say(tr("{count} pictures in {folder}", count=count, folder=self._folder))

    async def _open(self) -> None:
        self._app.show()
        self._steps.say(tr("The window is open."))
        service = self._app.service
        await self._steps.until(
            lambda: service.status.state in (ServiceState.RUNNING, ServiceState.FAILED), tr("service")
        )
        if service.status.state is ServiceState.FAILED:
            raise TourError(service.status.sentence)
        self._steps.say(tr("The service runs at {url}", url=service.status.admin_url))
        await self._steps.until(self._app.signed_in.is_set, tr("session"))
        await self._steps.until(lambda: self._context.live.state is LiveState.LIVE, tr("live stream"))
        user = self._context.session.user
        self._steps.say(tr("Signed in as {name}.", name=user.username if user is not None else "?"))

    async def _load_library(self) -> None:
        count = await load_library_once(self._app, Progress(lambda _done, _text: None))
        await self._steps.until(lambda: len(self._context.live.kind(SCRIPT)) >= count, tr("scripts"))
        total = len(self._context.live.kind(SCRIPT))
        self._steps.say(tr("{total} scripts in the library, {count} of them new.", total=total, count=count))

    async def _enrol(self) -> dict[str, Any]:
        new = await enrol_this_pc(self._app)
        agent = self._context.this_pc
        assert agent is not None
        try:
            await self._steps.until(
                lambda: self._connected() is not None or agent.state is AgentState.REFUSED,
                tr("contact with the agent of this PC"),
            )
        except TourError as late:
            raise TourError(f"{late} {agent.sentence}") from late
        device = self._connected()
        if device is None:
            raise TourError(tr("the agent was not let in: {why}", why=agent.sentence))
        about = f"{device['hostname']}, {words.device_system(device)}"
        sentence = (
            tr("This PC is enrolled as device {id}: {about}") if new else tr("Device {id} is back: {about}")
        )
        self._steps.say(sentence.format(id=device["id"], about=about))
        return device

    async def _group(self, device: dict[str, Any]) -> int:
        group_id = await make_group(self._app, device["os_type"])
        groups = self._context.live.kind(GROUP)
        await self._steps.until(lambda: group_id in groups, tr("group"))
        self._steps.say(tr("The group “{name}” has this PC.", name=groups[group_id]["name"]))
        return group_id

    def _connected(self) -> dict[str, Any] | None:
        devices = self._context.live.kind(DEVICE).values()
        return next((d for d in devices if d["connected"] and d["facts"] is not None), None)

    def _choose(self, device: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The first script that is still in the library and that the device has a language for."""
        scripts = {script["name"]: script for script in self._context.live.kind(SCRIPT).values()}
        for name, arguments in TO_SHOW:
            if name in scripts and scripts[name]["language"] in device["facts"]["languages"]:
                return scripts[name], arguments
        raise TourError(tr("no script that this PC can run and that is known to be quick is in the library."))
