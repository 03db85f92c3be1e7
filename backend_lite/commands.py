"""What the command line does besides serving: through the running service, or on the data folder itself.

Beside a running service it answers at once: what only the folder itself needs is imported there.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from backend_lite.config import Config
from backend_lite.contract.access import SETUP
from backend_lite.contract.enroll import ENROLLMENT_TOKENS, SETUP_ENROLLMENT_TOKEN, EnrollmentTokenCreate
from backend_lite.contract.system import OPENAPI
from backend_lite.core.local_service import LocalService, running_service
from backend_lite.core.lock import FolderLock
from backend_lite.errors import ServiceError, StartError

T = TypeVar("T")

_OWNER_EXISTS = "There is an owner already. Sign in as the owner to add other users."
_NO_OWNER = "There is no owner yet. Make one first, with create-owner or in the window."


def migrate_folder(config: Config) -> str:
    """Bring the database to the newest schema; the sentence that says what happened."""
    from backend_lite.core.db.migrate import known_revisions, migrate

    config.data.open()
    lock = FolderLock(config.data.lock_file)
    try:
        changed = migrate(config.data.database)
    finally:
        lock.release()
    return f"The database is {'now' if changed else 'already'} at schema {known_revisions()[0]}."


def create_owner(config: Config, username: str) -> str:
    """Make the owner with the password on stdin; the sentence that says so."""
    password = read_secret("password")
    service = running_service(config.data)
    if service is not None:
        _create_owner_there(service, username, password)
    else:
        on_folder(config, lambda opened: opened.feature("access").api.users.create_owner(username, password))
    return f'The owner "{username.strip()}" can sign in now.'


def enrollment_token(config: Config, ttl_s: int, uses: int, auto_approve: bool) -> str:
    """A new enrollment token with what an agent needs to use it, as JSON."""
    wanted = EnrollmentTokenCreate(ttl_s=ttl_s, uses=uses, auto_approve=auto_approve)
    service = running_service(config.data)
    if service is not None:
        made = _make_token_there(service, msgspec.to_builtins(wanted))
        values = {name: made[name] for name in ("token", "agent_pin", "ca_pem")}
    else:
        secret = on_folder(config, lambda opened: opened.feature("enroll").api.make_token(wanted, None))
        values = {"token": secret.token, "agent_pin": secret.agent_pin, "ca_pem": secret.ca_pem}
    return json.dumps(values)


def openapi(config: Config) -> str:
    """The description of the whole interface, as JSON."""
    service = running_service(config.data)
    if service is not None:
        with signed_in(service) as token:
            return json.dumps(service.call("GET", OPENAPI, token=token), indent=2)

    from backend_lite.core.http.description import description

    async def describe(opened: Any) -> dict[str, Any]:
        return description(opened.admin_app())

    return json.dumps(on_folder(config, describe), indent=2)


def on_folder(config: Config, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` makes of the composed service on its folder, where none is running."""
    from backend_lite.app import opened

    async def run() -> T:
        async with opened(config) as service:
            return await work(service)

    return asyncio.run(run())


def _make_token_there(service: LocalService, wanted: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any]
    try:
        with service.signed_in() as token:
            made = service.call("POST", ENROLLMENT_TOKENS, wanted, token=token)
    except ServiceError as refusal:
        if refusal.code != "setup_needed":
            raise
        body = {"secret": service.launch.secret, "wanted": wanted}
        made = service.call("POST", SETUP_ENROLLMENT_TOKEN, body)
    return made


def _create_owner_there(service: LocalService, username: str, password: str) -> None:
    body = {"secret": service.launch.secret, "username": username, "password": password}
    try:
        service.call("POST", SETUP, body)
    except ServiceError as refusal:
        if refusal.status == 404:
            raise StartError(_OWNER_EXISTS) from refusal
        raise


@contextmanager
def signed_in(service: LocalService) -> Iterator[str]:
    """A token of the owner. Raises StartError where there is none yet."""
    try:
        with service.signed_in() as token:
            yield token
    except ServiceError as refusal:
        if refusal.code == "setup_needed":
            raise StartError(_NO_OWNER) from refusal
        raise


def read_secret(what: str) -> str:
    """A line of standard input, typed unseen or piped in; `what` is such as `password`."""
    if sys.stdin.isatty():
        secret = getpass.getpass(f"{what.capitalize()}: ")
    else:
        try:
            secret = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise StartError(f"The {what} on standard input is not UTF-8 text.") from error
    if not secret:
        raise StartError(f"There is no {what} on standard input. Type it, or pipe it in as one line.")
    return secret
