"""What the demo does that a person would do at the first start: owner, scripts, this PC."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from backend_lite.contract.enroll import ENROLLMENT_TOKENS, EnrollmentTokenCreate, EnrollmentTokenSecret
from backend_lite.contract.fleet import GROUPS, Group, GroupCreate
from backend_lite.contract.live import GROUP
from backend_lite.contract.settings import SETTING_FORMS, SettingGroup
from console.core.client import ApiClient
from console.core.local_agent import Invitation
from console.core.ops import Op, Progress
from console.core.session import Session
from console.core.starter_library import load_starter_library
from console.core.texts import tr
from console.core.words import system_word

if TYPE_CHECKING:
    from console.app import App

OWNER = "owner"
LIBRARY_VERSION = 2
LIBRARY_KEY = "demo/library"
TOKEN_TTL_S = 600


async def make_owner(session: Session, secret: str) -> None:
    """With a password that nobody knows: the demo signs in as the user of this machine, and does not lock
    itself.

    `reset-password` gives the owner one that somebody does.
    """
    await session.create_owner(secret, OWNER, secrets.token_urlsafe(24))
    await session.client.put(f"{SETTING_FORMS}/security", {"lock_minutes": 0}, SettingGroup)


async def prepare(app: App) -> None:
    """Scripts and this PC, once somebody is signed in; what fails is said in the window."""
    await app.signed_in.wait()
    handle = app.context.ops.run(Op(tr("Prepare the demo"), lambda progress: _prepare(app, progress)))
    if handle.task is not None:
        await handle.task


async def _prepare(app: App, progress: Progress) -> None:
    await load_library_once(app, progress)
    await enrol_this_pc(app)


async def load_library_once(app: App, progress: Progress) -> int:
    """A script that a person deletes stays deleted; answers how many scripts were created."""
    settings = app.context.settings
    if str(settings.value(LIBRARY_KEY, 0)) == str(LIBRARY_VERSION):
        return 0
    loaded = await load_starter_library(app.context.client, progress)
    settings.setValue(LIBRARY_KEY, LIBRARY_VERSION)
    return len(loaded.scripts)


async def make_group(app: App, os_type: str) -> int:
    """The id of a group with the machines of this system; it is kept from an earlier demo."""
    name = tr("All {system}", system=system_word(os_type))
    for group in app.context.live.kind(GROUP).values():
        if group["name"] == name:
            return int(group["id"])
    wanted = GroupCreate(name, tr("Whatever joins the fleet and runs this system"), f"os:{os_type}")
    return (await app.context.client.post(GROUPS, wanted, Group)).id


async def enrol_this_pc(app: App) -> bool:
    """Starts the agent of this PC; True when it had to be invited first."""
    agent = app.context.this_pc
    assert agent is not None
    if agent.is_enrolled:
        agent.start()
        return False
    wanted = EnrollmentTokenCreate(name=tr("This PC"), ttl_s=TOKEN_TTL_S, uses=1, auto_approve=True)
    agent.start(await invitation(app, wanted))
    return True


async def invitation(app: App, wanted: EnrollmentTokenCreate) -> Invitation:
    """Asked for as a command asks: the window would want the password, which nobody knows."""
    found = app.service.local.read()
    session = Session(ApiClient(app.context.client.base_url))
    try:
        await session.sign_in_here(found.secret if found else "", command=True)
        made = await session.client.post(ENROLLMENT_TOKENS, wanted, EnrollmentTokenSecret)
        await session.sign_out()
    finally:
        await session.client.aclose()
    return Invitation(made.agent_url, made.agent_pin, made.token)
