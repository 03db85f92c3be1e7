"""Settings for the areas above: they read them by `Kernel.settings`; this is what changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy.orm import Session

from backend_lite.contract.settings import SettingGroup, SettingValue
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Kernel
from backend_lite.core.security.principal import Principal
from backend_lite.core.settings import SettingsStored, SettingValues
from backend_lite.features.settings import reading
from backend_lite.features.settings.changing import Changing, Wish
from backend_lite.features.settings.declared import BY_NAME, DECLARED
from backend_lite.features.settings.rows import HOLDER

T = TypeVar("T")


class SettingsApi:
    """One for the service: it fills `Kernel.settings`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._changing = Changing(kernel.clock, kernel.master_key, kernel.audit)
        kernel.settings.declare({one.name: one.default for one in DECLARED})
        kernel.bus.subscribe(SettingsStored, kernel.settings.take)
        kernel.sealed_holders.add(HOLDER)

    @property
    def values(self) -> SettingValues:
        return self._kernel.settings

    def secret(self, name: str) -> str:
        """The plain value, for the moment it is needed. Raises ConflictError."""
        return self._kernel.settings.secret(name, self._kernel.master_key.open)

    async def load(self) -> None:
        """At the start."""
        await self._kernel.database.write(lambda unit: self._changing.tell_stored(unit, frozenset(BY_NAME)))

    async def read(self, look: Callable[[Session], T]) -> T:
        return await self._kernel.database.read(look)

    async def change_form(
        self, group: str, values: Mapping[str, object], version: int | None, editor: Principal
    ) -> SettingGroup:
        """Raises NotFoundError, InvalidError, ConflictError, ForbiddenError."""

        def work(unit: Unit) -> SettingGroup:
            reading.form_of(unit.session, group)
            self._changing.change(unit, group, _wishes(values), editor, version)
            return reading.form_of(unit.session, group)

        return await self._kernel.database.write(work)

    async def change_plain(
        self, group: str, values: Mapping[str, object], version: int | None, editor: Principal
    ) -> dict[str, SettingValue]:
        """Raises InvalidError, ConflictError, ForbiddenError."""

        def work(unit: Unit) -> dict[str, SettingValue]:
            self._changing.change(unit, group, _wishes(values), editor, version)
            return reading.plain_group(unit.session, group)

        return await self._kernel.database.write(work)

    async def change_named(self, wishes: Mapping[str, Wish], editor: Principal) -> None:
        """By listed names. Raises InvalidError, ConflictError, ForbiddenError."""
        await self._kernel.database.write(lambda unit: self._changing.change_named(unit, wishes, editor))

    async def remove(self, name: str, editor: Principal) -> None:
        """Raises NotFoundError, ForbiddenError."""
        await self._kernel.database.write(lambda unit: self._changing.remove(unit, name, editor))


def _wishes(values: Mapping[str, object]) -> dict[str, Wish]:
    return {key: Wish(value) for key, value in values.items()}
