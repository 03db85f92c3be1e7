"""Another master key: every secret is readable at every moment, whenever the service is killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend_lite.contract.accounts import SECOND_FACTOR
from backend_lite.core.db.base import Base
from backend_lite.core.db.sealed_holders import SealedHolder
from backend_lite.core.security import master_key as keys
from backend_lite.core.security.key_file import KEY_BYTES
from backend_lite.core.security.master_key import MasterKey
from backend_lite.core.security.principal import Principal
from backend_lite.features.access.second_factor import purpose_of
from backend_lite.features.access.tables import UserRow
from backend_lite.features.settings.tables import SettingRow
from tests.backend.settings.conftest import start
from tests.helpers.service import InProcess, in_process

pytestmark = pytest.mark.anyio

ROTATE = "/api/v1/master-key/rotate"
SECRETS = {"email.password": "hunter2", "assistant.api_key": "sk-of-this-test"}


class KilledError(Exception):
    """Stands for the end of the process."""


async def store(service: InProcess) -> None:
    editor = Principal(1, "ada", 1, 0, session=True, fresh=True)
    for name, value in SECRETS.items():
        group, _, key = name.partition(".")
        await service.feature("settings").api.change_plain(group, {key: value}, None, editor)


def secrets_of(service: InProcess) -> dict[str, str]:
    return {name: service.feature("settings").api.secret(name) for name in SECRETS}


async def rotate(service: InProcess) -> Any:
    answer = await service.client.post(ROTATE, headers=await signed_in(service))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def signed_in(service: InProcess) -> dict[str, str]:
    """With the password, as a rotation wants it."""
    await service.sign_in()
    login = {"username": "ada", "password": "four unrelated words"}
    answer = await service.client.post("/api/v1/auth/login", json=login)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def key_size(key_file: Path) -> int:
    return len(key_file.read_bytes())


async def sealed_texts(service: InProcess) -> list[str]:
    query = select(SettingRow.sealed).where(SettingRow.sealed.is_not(None)).order_by(SettingRow.key)
    return await service.kernel.database.read(lambda session: [text or "" for text in session.scalars(query)])


async def test_the_state_says_where_the_key_lies(keyed: InProcess, key_file: Path) -> None:
    await store(keyed)
    answer = await keyed.client.get("/api/v1/master-key", headers=await keyed.sign_in())
    assert answer.json() == {
        "source": "key_file",
        "problem": "",
        "secrets": 2,
        "rotated_at": None,
        "place": str(key_file),
    }


async def test_without_a_key_it_says_how_to_get_one(service: InProcess) -> None:
    owner = await signed_in(service)
    state = (await service.client.get("/api/v1/master-key", headers=owner)).json()
    assert (state["source"], "--key-file" in state["problem"]) == ("none", True)
    refused = await service.client.post(ROTATE, headers=owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_master_key")


async def test_a_rotation_encrypts_everything_anew_and_forgets_the_old_key(
    keyed: InProcess, key_file: Path
) -> None:
    await store(keyed)
    old_key, old_texts = keyed.kernel.master_key.exported(), await sealed_texts(keyed)
    state = await rotate(keyed)
    assert (state["secrets"], state["rotated_at"] is not None) == (2, True)
    assert secrets_of(keyed) == SECRETS
    assert not set(keyed.kernel.master_key.exported()) & set(old_key) and key_size(key_file) == KEY_BYTES
    new_texts = await sealed_texts(keyed)
    assert all(keyed.kernel.master_key.is_current(text) for text in new_texts)
    assert not set(old_texts) & set(new_texts)
    events = await keyed.client.get("/api/audit?entity_type=master_key", headers=await keyed.sign_in())
    assert events.json()["items"][0]["actor_username"] == "ada"


async def test_other_areas_secrets_are_encrypted_anew_too(keyed: InProcess) -> None:
    key = keyed.kernel.master_key
    kept = {"theirs": key.seal("theirs", "hunter3")}
    keyed.kernel.sealed_holders.add(
        SealedHolder(
            lambda _session: 1, lambda _unit, anew: kept.update(theirs=anew("theirs", kept["theirs"]))
        )
    )
    assert (await rotate(keyed))["secrets"] == 1
    assert key.is_current(kept["theirs"]) and key.open("theirs", kept["theirs"]) == "hunter3"


async def test_second_factors_are_encrypted_anew_too(keyed: InProcess) -> None:
    owner, key = await signed_in(keyed), keyed.kernel.master_key
    begun = await keyed.client.post(SECOND_FACTOR, headers=owner)
    assert begun.status_code in (200, 201), begun.text
    assert (await rotate(keyed))["secrets"] == 1
    user_id, sealed = await keyed.kernel.database.read(
        lambda session: session.execute(select(UserRow.id, UserRow.otp_sealed)).one()
    )
    assert sealed is not None
    assert key.is_current(sealed)
    assert key.open(purpose_of(user_id), sealed) == begun.json()["secret"]


def test_whoever_keeps_sealed_texts_is_known() -> None:
    """A column that is added here belongs into a SealedHolder; a step's secrets are sealed to its device."""
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name == "sealed" or column.name.endswith("_sealed")
    }
    assert found - {"step_secrets.sealed"} == {"settings.sealed", "users.otp_sealed"}


def before_the_new_key_is_kept(patch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    patch.setattr(keys, "write_keys", killed)


def after_the_new_key_is_kept(patch: pytest.MonkeyPatch) -> None:
    begin = MasterKey.begin_rotation

    def killed(key: MasterKey) -> None:
        begin(key)
        raise KilledError

    patch.setattr(MasterKey, "begin_rotation", killed)


def while_encrypting(patch: pytest.MonkeyPatch) -> None:
    seal, calls = MasterKey.seal, []

    def killed(key: MasterKey, purpose: str, plain: str) -> str:
        calls.append(purpose)
        if len(calls) == 2:
            raise KilledError
        return seal(key, purpose, plain)

    patch.setattr(MasterKey, "seal", killed)


def before_the_old_key_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def killed(_key: MasterKey) -> None:
        raise KilledError

    patch.setattr(MasterKey, "end_rotation", killed)


def after_the_old_key_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    end = MasterKey.end_rotation

    def killed(key: MasterKey) -> None:
        end(key)
        raise KilledError

    patch.setattr(MasterKey, "end_rotation", killed)


@pytest.mark.parametrize(
    "kill",
    [
        before_the_new_key_is_kept,
        after_the_new_key_is_kept,
        while_encrypting,
        before_the_old_key_is_forgotten,
        after_the_old_key_is_forgotten,
    ],
)
async def test_wherever_it_is_killed_everything_stays_readable_and_the_next_start_finishes(
    with_key: None,
    tmp_path: Path,
    migrated: Path,
    key_file: Path,
    kill: Callable[[pytest.MonkeyPatch], None],
) -> None:
    folder = tmp_path / "killed"
    async with in_process(folder, migrated) as service:
        await start(service)
        await store(service)
        owner = await signed_in(service)
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
            kill(patch)
            answer = await service.client.post(ROTATE, headers=owner)
            raise KilledError if answer.status_code == 500 else AssertionError(answer.text)
        assert secrets_of(service) == SECRETS
    async with in_process(folder, migrated) as again:
        await start(again)
        assert secrets_of(again) == SECRETS
        assert not again.kernel.master_key.needs_end
        assert key_size(key_file) == KEY_BYTES
        assert all(again.kernel.master_key.is_current(text) for text in await sealed_texts(again))
        await rotate(again)
        assert secrets_of(again) == SECRETS


async def test_what_cannot_be_opened_stays_as_it_is(keyed: InProcess) -> None:
    await store(keyed)
    lost = "v1:000000000000:AAAA"

    def lose(unit: Any) -> None:
        unit.session.execute(update(SettingRow).where(SettingRow.key == "password").values(sealed=lost))

    await keyed.kernel.database.write(lose)
    await rotate(keyed)
    assert lost in await sealed_texts(keyed)
    assert keyed.feature("settings").api.secret("assistant.api_key") == SECRETS["assistant.api_key"]
