"""Plans without their routes, for areas above them."""

from typing import cast

from backend_lite.core.clock import Clock
from backend_lite.core.db.references import References
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.api import PlansApi
from backend_lite.features.plans.profiles import Profiles
from backend_lite.features.plans.reading import Reading

NO_ACCESS = cast("AccessApi", None)
"""Only who made a revision is asked of it."""


def plans_api(clock: Clock, library: LibraryApi) -> PlansApi:
    return PlansApi(Profiles(clock, library, Reading(clock, library, NO_ACCESS), References()))
