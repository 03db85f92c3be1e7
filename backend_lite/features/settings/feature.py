"""The manifest of settings."""

from __future__ import annotations

from backend_lite.contract.live import SERVICE
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.logging import set_level
from backend_lite.features.settings.api import SettingsApi
from backend_lite.features.settings.facts import live_facts
from backend_lite.features.settings.mail import Mail
from backend_lite.features.settings.master_keys import MasterKeys
from backend_lite.features.settings.routes import form_routes, master_key_routes
from backend_lite.features.settings.routes_assistant import assistant_routes
from backend_lite.features.settings.routes_documented import group_routes, list_routes


def build(kernel: Kernel) -> Feature:
    settings = SettingsApi(kernel)
    keys = MasterKeys(kernel)
    mail = Mail(settings, kernel.outgoing)
    kernel.settings.on_change("logging.level", call=lambda: set_level(kernel.settings.text("logging.level")))

    async def start() -> None:
        await keys.make_up()
        await settings.load()

    return Feature(
        name="settings",
        routes=lambda: [
            *form_routes(settings, mail),
            *master_key_routes(settings, keys),
            *group_routes(settings),
            *list_routes(settings, kernel.clock),
            *assistant_routes(settings),
        ],
        live={SERVICE: live_facts(kernel)},
        start=start,
        api=settings,
    )
