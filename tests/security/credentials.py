"""Every kind of credential at every address: what is over, and what is for something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update

from backend_lite.core.clock import SystemClock
from backend_lite.core.http.guard import CHANNEL, OPEN, SIGNED, SIGNED_IN
from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.core.ids import new_secret, secret_hash
from backend_lite.core.security.principal import AGENT_REPORT
from backend_lite.features.access.tables import TokenRow
from backend_lite.features.access.tokens import TokenKind
from tests.contract.seed_client import SeedAgent
from tests.helpers.service import LAUNCH_SECRET, headers
from tests.security.site import Site

ONE_RIGHT = "audit:view"
DEVICE, REMOVED = "device secret", "secret of a removed device"
SDK, NARROW = "SDK token", "API token for something else"
PASSWORD = "six quite unrelated words here"
_LONG_AGO = 1_000


@dataclass(frozen=True)
class Address:
    """A route that a Bearer opens; its numbers name what is there."""

    method: str
    path: str
    permission: str


@dataclass
class Tried:
    calls: int = 0
    addresses: int = 0
    kinds: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def addresses(site: Site) -> Iterator[Address]:
    for route in site.service.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            permission = handler.opt.get("permission")
            if permission not in (OPEN, CHANNEL, SIGNED):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield Address(method, re.sub(r"\{[^}]*\}", "1", route.path), permission)


async def all_tried(site: Site, per_address: int | None = None) -> Tried:
    """Each of those that are over at each address, or so many of them in turn; and each that is for
    something else wherever it does not belong."""
    over, elsewhere = await dead(site), await misplaced(site)
    tried = Tried(kinds=len(over) + len(elsewhere) + 1)
    kinds = list(over)
    for number, address in enumerate(addresses(site)):
        tried.addresses += 1
        turn = number * (per_address or 0)
        picked = (
            kinds if per_address is None else [kinds[(turn + n) % len(kinds)] for n in range(per_address)]
        )
        for kind in picked:
            await _try(site, address, kind, over[kind], {401}, tried)
        await _try(site, address, "none", None, {401}, tried)
        for kind, secret in elsewhere.items():
            if not _belongs(kind, address):
                await _try(site, address, kind, secret, {403}, tried)
    return tried


def _belongs(kind: str, address: Address) -> bool:
    places = {DEVICE: {AGENT_REPORT}, REMOVED: {AGENT_REPORT}, NARROW: {ONE_RIGHT, SIGNED_IN}}
    return address.permission in places.get(kind, ())


async def _try(
    site: Site, address: Address, kind: str, secret: str | None, expected: set[int], tried: Tried
) -> None:
    sent = {} if secret is None else headers(secret)
    body: Any = {} if address.method in ("POST", "PUT", "PATCH") else None
    answer = await site.service.client.request(address.method, address.path, headers=sent, json=body)
    tried.calls += 1
    tried.answers[answer.status_code] += 1
    if answer.status_code not in expected:
        tried.wrong.append(f"{address.method} {address.path} with {kind}: {answer.status_code}")
    elif secret and secret in answer.text:
        tried.wrong.append(f"{address.method} {address.path} tells the {kind} again")


async def dead(site: Site) -> dict[str, str]:
    """What opens nothing: guessed, ended, expired, or no Bearer at all."""
    owner = site.owner["Authorization"].removeprefix("Bearer ")
    return {
        **{f"guessed {kind}": new_secret(kind.prefix) for kind in TokenKind},
        **_near(owner),
        **await _ended(site),
        "garbage": "\x7f null",
        "enrollment token": site.enrollment_token,
        "launch secret": LAUNCH_SECRET,
        "signed address": SignedUrls(b"k" * 32, SystemClock()).sign("/api/v1/agent/files/x", 60, "1"),
        "hash of a session": secret_hash(owner).hex(),
        "service token": await _issued(site, TokenKind.SERVICE),
    }


def _near(secret: str) -> dict[str, str]:
    """A good one, a little wrong."""
    return {
        "session in capitals": secret.upper(),
        "session without its end": secret[:-1],
        "session with more": secret + "A",
        "session with one character changed": secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        "beginning of a session": secret[:12],
        "session under another name": secret.replace("dfs_", "dfa_"),
        "session twice": f"{secret} {secret}",
    }


async def _ended(site: Site) -> dict[str, str]:
    ended, expired, idle = [await _session(site) for _ in range(3)]
    await site.service.client.post("/api/v1/auth/logout", headers=headers(ended))
    await _change(site, expired, expires_at=_LONG_AGO)
    await _change(site, idle, created_at=_LONG_AGO, last_used_at=_LONG_AGO)
    user = await site.post("/api/v1/users", {"username": "grace", "password": PASSWORD, "roles": [1]})
    signed_in = await site.post("/api/v1/auth/login", {"username": "grace", "password": PASSWORD})
    hers = headers(signed_in["access_token"])
    answer = await site.service.client.post("/api/v1/api-tokens", json={"name": "hers"}, headers=hers)
    await site.put(f"/api/v1/users/{user['id']}", {"is_active": False})
    revoked = await site.post("/api/v1/api-tokens", {"name": "revoked"})
    await site.service.client.delete(f"/api/v1/api-tokens/{revoked['api_token']['id']}", headers=site.owner)
    old = await site.post("/api/v1/api-tokens", {"name": "old"})
    await _change(site, old["token"], expires_at=_LONG_AGO)
    return {
        "ended session": ended,
        "expired session": expired,
        "idle session": idle,
        "session of a disabled user": signed_in["access_token"],
        "API token of a disabled user": answer.json()["token"],
        "revoked API token": revoked["token"],
        "expired API token": old["token"],
    }


async def misplaced(site: Site) -> dict[str, str]:
    """What is good, for something else."""
    narrow = await site.post("/api/v1/api-tokens", {"name": "narrow", "scope": [ONE_RIGHT]})
    asked = await site.post("/api/sdk/auth/start", {"machine_name": "pc"})
    await site.post("/api/sdk/auth/confirm", {"session_id": asked["session_id"]})
    status = await site.service.client.get(f"/api/sdk/auth/status?session_id={asked['session_id']}")
    return {
        DEVICE: site.device_secret,
        REMOVED: await _removed_device(site),
        NARROW: narrow["token"],
        SDK: status.json()["access_token"],
    }


async def _session(site: Site) -> str:
    answer = await site.service.access.login.as_owner(confirmed=True)
    return answer.access_token


async def _removed_device(site: Site) -> str:
    agent = SeedAgent(site.service.client, site.enrollment_token, "removed")
    await agent.register()
    await site.service.client.delete(f"/api/v1/devices/{agent.device_id}", headers=site.owner)
    return agent.secret


async def _issued(site: Site, kind: TokenKind) -> str:
    """Of a kind that no address gives out yet."""
    issued = await site.service.kernel.database.write(
        lambda unit: site.service.access.tokens.issue(unit, kind, name="test")
    )
    return issued.secret


async def _change(site: Site, secret: str, **values: int) -> None:
    changed = update(TokenRow).where(TokenRow.secret_hash == secret_hash(secret)).values(**values)
    await site.service.kernel.database.write(lambda unit: unit.session.execute(changed) and None)
