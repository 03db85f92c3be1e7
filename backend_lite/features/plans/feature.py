"""The manifest of plans."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backend_lite.contract.live import PROFILE, TEMPLATE
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.live import LiveKind
from backend_lite.features.access.api import AccessApi
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.api import PlansApi
from backend_lite.features.plans.assignments import register_assignments
from backend_lite.features.plans.copies import Copies
from backend_lite.features.plans.profiles import Profiles
from backend_lite.features.plans.reading import Reading
from backend_lite.features.plans.routes import VIEW, VIEW_TEMPLATES, profile_routes
from backend_lite.features.plans.routes_tasks import task_routes
from backend_lite.features.plans.routes_templates import template_routes
from backend_lite.features.plans.users import register_users


def build(kernel: Kernel, access: AccessApi, library: LibraryApi, fleet: FleetApi) -> Feature:
    database, clock = kernel.database, kernel.clock
    reading = Reading(clock, library, access)
    profiles = Profiles(clock, library, reading, kernel.references)
    copies = Copies(profiles)
    register_users(kernel.references)
    register_assignments(kernel.references, fleet)

    async def all_profiles() -> Sequence[msgspec.Struct]:
        found, _ = await database.read(lambda session: reading.page(session, ListRequest(), templates=False))
        return found

    async def all_templates() -> Sequence[msgspec.Struct]:
        found, _ = await database.read(lambda session: reading.page(session, ListRequest(), profiles=False))
        return found

    return Feature(
        name="plans",
        routes=lambda: [
            *profile_routes(database, reading, profiles, copies),
            *task_routes(database, reading, profiles),
            *template_routes(database, reading, copies),
        ],
        live={
            PROFILE: LiveKind(VIEW, all_profiles),
            TEMPLATE: LiveKind(VIEW_TEMPLATES, all_templates),
        },
        api=PlansApi(profiles),
    )
