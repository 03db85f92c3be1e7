"""What the tour puts into the demo, so that every page has something to show.

Nothing of it changes the PC: what runs there only looks.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from backend_lite.contract.enroll import EnrollmentTokenCreate
from backend_lite.contract.fleet import (
    DEVICES,
    EXPECTED_DEVICES,
    Admission,
    ExpectedDevice,
    ExpectedDeviceCreate,
)
from backend_lite.contract.images import OS_IMAGES, OSImage, OSImageCreate
from backend_lite.contract.library import os_matches
from backend_lite.contract.live import (
    DEVICE,
    ENROLLMENT_TOKEN,
    EXPECTED_DEVICE,
    OS_IMAGE,
    PROFILE,
    ROLLOUT,
    SCRIPT,
    SOFTWARE,
    TEMPLATE,
)
from backend_lite.contract.plans import (
    PROFILES,
    TEMPLATES,
    Profile,
    ProfileCopy,
    ProfileCreate,
    ProfileTaskCreate,
    ProfileUpdate,
)
from backend_lite.contract.runs import ROLLOUTS, RolloutCreate, RolloutCreated, Targets, TaskAction
from backend_lite.contract.software import SOFTWARE as SOFTWARE_PATH
from backend_lite.contract.software import (
    Detection,
    DetectionType,
    DeviceSoftware,
    SoftwareCreate,
    SoftwareItem,
)
from console.app import App
from console.core.activity import OPEN_ROLLOUTS
from console.core.local_agent import LocalAgent
from console.core.texts import tr
from console.core.work import Work, action_type
from console.demo_preparation import invitation
from console.demo_steps import Steps

Object = dict[str, Any]
TEMPLATE_NAME, BASELINE = "Linux baseline", "Lab servers"
HEALTH = "Health check"
LOOKS = (
    "Any system: is enough disk space left",
    "Linux: is the clock kept in step",
    "Linux: is SSH set up safely",
    "Linux: failed services",
)
"""Scripts of the starter library that only look."""
LAB = "Lab, second floor"
INVENTORY_S = 10.0


class DemoContent:
    """What is there from an earlier demo stays as it is. `targets` are page keys with what to open."""

    def __init__(self, app: App, steps: Steps) -> None:
        self._app, self._context = app, app.context
        self._folder = app.service.local.data_dir
        self._steps = steps
        self.targets: dict[str, str] = {}
        self._second: LocalAgent | None = None

    async def make(self, device: Object) -> None:
        await self._software()
        await self._images()
        await self._arrivals()
        await self._baseline()
        await self._health(device)
        await self._installed(device)
        self._steps.say(tr("Software, an image, profiles and expected devices are there."))

    async def stop(self) -> None:
        if self._second is not None:
            await self._second.stop()

    # ---- the library

    async def _software(self) -> None:
        for wanted in software_items():
            await self._make(SOFTWARE, SOFTWARE_PATH, wanted, SoftwareItem)
        self._target("software-item", SOFTWARE, software_items()[1].name)

    async def _images(self) -> None:
        wanted = OSImageCreate(
            name="Debian 13",
            version_text="13",
            edition="netinst",
            os_type="debian",
            architecture="x86_64",
            language="en-US",
            storage_ref="/srv/images/debian-13-amd64-netinst.iso",
            description=tr("What new machines begin with"),
        )
        await self._make(OS_IMAGE, OS_IMAGES, wanted, OSImage)
        self._target("os-image", OS_IMAGE, wanted.name)

    # ---- the fleet

    async def _arrivals(self) -> None:
        if not self._context.live.kind(EXPECTED_DEVICE):
            note = tr("Ordered for the lab")
            for serial, hostname in (("PF4K21XT", "lab-14"), ("PF4K21XV", "")):
                wanted = ExpectedDeviceCreate(hostname, serial, ["lab"], [], note)
                await self._context.client.post(EXPECTED_DEVICES, wanted, ExpectedDevice)
        if self._find(ENROLLMENT_TOKEN, LAB) is None:
            await self._second_agent()

    async def _second_agent(self) -> None:
        """This PC once more, by a token that approves nobody: it waits, and looks like a clone."""
        token = EnrollmentTokenCreate(name=LAB, uses=10)
        self._second = LocalAgent(self._folder / "second-agent")
        self._second.start(await invitation(self._app, token))
        await self._steps.until(self._waiting, tr("second agent"))

    def _waiting(self) -> bool:
        devices = self._context.live.kind(DEVICE).values()
        return any(one["admission"] == Admission.PENDING for one in devices)

    # ---- profiles

    async def _baseline(self) -> None:
        await self._steps.until(lambda: self._find(TEMPLATE, TEMPLATE_NAME), tr("starter templates"))
        template = self._find(TEMPLATE, TEMPLATE_NAME)
        assert template is not None
        if self._find(PROFILE, BASELINE) is None:
            path = f"{TEMPLATES}/{template['id']}/instantiate"
            made = await self._context.client.post(path, ProfileCopy(name=BASELINE), Profile)
            link = ProfileUpdate(os_image_id=int(self.targets["os-image"]))
            await self._context.client.put(f"{PROFILES}/{made.id}", link, Profile)
            await self._steps.until(lambda: self._find(PROFILE, BASELINE), tr("profile"))
        self._target("profile", PROFILE, BASELINE)

    async def _health(self, device: Object) -> None:
        """A profile that only looks, applied to this PC: its page then says how each task went."""
        if self._find(PROFILE, HEALTH) is None:
            tasks = self._looks(device)
            wanted = ProfileCreate(name=HEALTH, description=tr("Looks, and changes nothing"), tasks=tasks)
            made = await self._context.client.post(PROFILES, wanted, Profile)
            order = RolloutCreate(profile_id=made.id, targets=Targets(devices=[device["id"]]))
            rollout = await self._context.client.post(ROLLOUTS, order, RolloutCreated)
            await self._steps.until(lambda: self._has_ended(rollout.id), tr("end of the health check"))
        await self._steps.until(lambda: self._find(PROFILE, HEALTH), tr("profile"))
        self._target("health", PROFILE, HEALTH)

    def _looks(self, device: Object) -> list[ProfileTaskCreate]:
        found = (self._find(SCRIPT, name) for name in LOOKS)
        return [
            ProfileTaskCreate(
                name=str(one["name"]),
                script_id=one["id"],
                action_type=action_type(Work(SCRIPT, one["id"]), one, TaskAction.RUN, ""),
            )
            for one in found
            if one is not None
            and os_matches(one["target_os_type"], device["os_type"])
            and one["language"] in device["facts"]["languages"]
        ]

    def _has_ended(self, rollout_id: int) -> bool:
        rollout = self._context.live.get(ROLLOUT, rollout_id)
        return rollout is not None and rollout["state"] not in OPEN_ROLLOUTS

    # ---- what is installed

    async def _installed(self, device: Object) -> None:
        """Not every PC can say it: then the pages say that."""
        path, deadline = f"{DEVICES}/{device['id']}/software", time.monotonic() + INVENTORY_S
        while time.monotonic() < deadline:
            found = await self._context.client.get(path, DeviceSoftware)
            if found.items:
                self.targets["installed-on"] = found.items[0].name
                return
            await asyncio.sleep(0.2)

    # ---- inside

    async def _make(self, kind: str, path: str, wanted: Any, type_: type[Any]) -> None:
        if self._find(kind, wanted.name) is None:
            await self._context.client.post(path, wanted, type_)
            await self._steps.until(lambda: self._find(kind, wanted.name), wanted.name)

    def _find(self, kind: str, name: str) -> Object | None:
        return next((one for one in self._context.live.kind(kind).values() if one["name"] == name), None)

    def _target(self, page_key: str, kind: str, name: str) -> None:
        found = self._find(kind, name)
        if found is not None:
            self.targets[page_key] = str(found["id"])


def software_items() -> tuple[SoftwareCreate, SoftwareCreate]:
    return (
        SoftwareCreate(
            name="tree",
            installer_type="apt",
            source="tree",
            publisher="Debian",
            tags="tools",
            description=tr("Shows folders as a tree"),
            detection=Detection(DetectionType.PACKAGE),
        ),
        SoftwareCreate(
            name="Lab greeting",
            installer_type="script",
            language="bash",
            version_text="2026.3",
            tags="lab, baseline",
            target_os_type="linux",
            description=tr("Says at sign-in that a machine belongs to the lab"),
            install_command="#!/bin/bash\nset -euo pipefail\n"
            "printf 'echo \"This machine belongs to the lab.\"\\n' > /etc/profile.d/lab-greeting.sh\n",
            uninstall_command="#!/bin/bash\nrm -f /etc/profile.d/lab-greeting.sh\n",
            detection=Detection(DetectionType.FILE, "/etc/profile.d/lab-greeting.sh"),
        ),
    )
