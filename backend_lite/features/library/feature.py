"""The manifest of the library."""

from __future__ import annotations

import msgspec

from backend_lite.contract.live import FAVORITES, SCRIPT
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.live import LiveKind
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.library.catalogue import Catalogue
from backend_lite.features.library.reading import list_scripts
from backend_lite.features.library.routes import VIEW, script_routes
from backend_lite.features.library.scripts import Scripts


def build(kernel: Kernel, access: AccessApi) -> Feature:
    catalogue = Catalogue(kernel)
    scripts = Scripts(
        kernel.database,
        kernel.clock,
        access,
        kernel.references,
        lambda: kernel.settings.whole("jobs.default_timeout_s"),
    )

    async def snapshot() -> list[msgspec.Struct]:
        found, _total = await kernel.database.read(
            lambda session: list_scripts(session, access, ListRequest())
        )
        return list(found)

    return Feature(
        name="library",
        routes=lambda: [
            *script_routes(scripts, kernel.database, access, kernel.clock),
            *catalogue.routes(),
        ],
        live={SCRIPT: LiveKind(VIEW, snapshot), FAVORITES: LiveKind(VIEW), **catalogue.live()},
        start=catalogue.start,
        stop=catalogue.stop,
        api=LibraryApi(catalogue.downloads),
    )
