"""Bearer secrets: shown once, stored as a hash, counted exactly, ended for good."""

import asyncio

import pytest
from sqlalchemy import text

from backend_lite.features.access.api import (
    Refusal,
    Subject,
    Token,
    TokenKind,
    TokenRefusedError,
    TokensEnded,
)
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

KIND = TokenKind.ENROLLMENT


async def use(service: InProcess, secret: str, kind: TokenKind = KIND) -> Token:
    return await service.kernel.database.write(lambda unit: service.access.tokens.use(unit, kind, secret))


async def refusal(service: InProcess, secret: str, kind: TokenKind = KIND) -> Refusal:
    with pytest.raises(TokenRefusedError) as refused:
        await use(service, secret, kind)
    assert refused.value.status == 401
    return refused.value.refusal


async def issue(service: InProcess, **options: object) -> tuple[Token, str]:
    issued = await service.kernel.database.write(
        lambda unit: service.access.tokens.issue(unit, KIND, **options)  # type: ignore[arg-type]
    )
    return issued.token, issued.secret


async def test_a_token_is_used_as_often_as_it_may_be(service: InProcess) -> None:
    _token, secret = await issue(service, max_uses=2)
    assert (await use(service, secret)).used == 1
    assert (await use(service, secret)).used == 2
    assert await refusal(service, secret) == Refusal.USED_UP


async def test_uses_at_once_are_counted_exactly(service: InProcess) -> None:
    _token, secret = await issue(service, max_uses=5)
    results = await asyncio.gather(*(use(service, secret) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(result, Token) for result in results) == 5


async def test_a_use_whose_work_fails_is_not_counted(service: InProcess) -> None:
    token, secret = await issue(service, max_uses=1)

    def work(unit: object) -> None:
        service.access.tokens.use(unit, KIND, secret)  # type: ignore[arg-type]
        raise LookupError

    with pytest.raises(LookupError):
        await service.kernel.database.write(work)
    assert (await use(service, secret)).id == token.id


async def test_a_token_expires(service: InProcess) -> None:
    _token, secret = await issue(service, ttl_ms=1000)
    service.clock.advance(0.999)
    await use(service, secret)
    service.clock.advance(0.001)
    assert await refusal(service, secret) == Refusal.EXPIRED


async def test_a_token_that_is_not_used_goes_idle(service: InProcess) -> None:
    _token, secret = await issue(service, idle_timeout_ms=1000)
    for _ in range(3):
        service.clock.advance(0.9)
        await use(service, secret)
    service.clock.advance(1)
    assert await refusal(service, secret) == Refusal.IDLE


async def test_a_revoked_token_is_over_and_says_so_once(service: InProcess) -> None:
    heard: list[TokensEnded] = []
    service.kernel.bus.subscribe(TokensEnded, heard.append)
    token, secret = await issue(service)
    for _ in range(2):
        await service.kernel.database.write(lambda unit: service.access.tokens.revoke(unit, token.id))
    assert await refusal(service, secret) == Refusal.REVOKED
    assert heard == [TokensEnded(frozenset({token.id}))]


async def test_all_tokens_of_a_subject_end_together(service: InProcess) -> None:
    secrets = [(await issue(service, subject=Subject("device", n)))[1] for n in (7, 7, 8)]
    await service.kernel.database.write(
        lambda unit: service.access.tokens.revoke_of(unit, Subject("device", 7))
    )
    assert [await refusal(service, secret) for secret in secrets[:2]] == [Refusal.REVOKED] * 2
    assert (await use(service, secrets[2])).subject == Subject("device", 8)


async def test_a_token_opens_only_what_its_kind_opens(service: InProcess) -> None:
    _token, secret = await issue(service)
    assert await refusal(service, secret, TokenKind.DEVICE) == Refusal.UNKNOWN
    assert await service.access.authenticator.authenticate(secret) is None


async def test_the_secret_is_nowhere_in_the_database(service: InProcess) -> None:
    token, secret = await issue(service, name="for the lab", options={"auto_approve": True})
    assert (token.name, token.options) == ("for the lab", {"auto_approve": True})
    await service.kernel.database.read(lambda session: session.execute(text("SELECT 1")).all())
    folder = service.kernel.config.data.root
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"for the lab" in stored
    assert secret.encode() not in stored
    assert secret.partition("_")[2].encode() not in stored
