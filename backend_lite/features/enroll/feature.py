"""The manifest of enrolment."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from backend_lite.contract.live import AGENT_ENDPOINT, ENROLLMENT_TOKEN
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.http.rate_limits import FailureLimit
from backend_lite.core.live import LiveKind
from backend_lite.features.access.api import AccessApi
from backend_lite.features.enroll.api import EnrollApi
from backend_lite.features.enroll.endpoint import Endpoint
from backend_lite.features.enroll.enrolment import Enrolment
from backend_lite.features.enroll.registration import Registration
from backend_lite.features.enroll.routes import (
    BY_TOKEN,
    VIEW,
    endpoint_routes,
    machine_routes,
    register_routes,
    setup_routes,
    token_routes,
)
from backend_lite.features.enroll.tokens import EnrollmentTokens
from backend_lite.features.fleet.api import FleetApi

FAILURES = 20
"""Refused tokens and keys from an address within a minute, after which the next try waits."""


def build(kernel: Kernel, access: AccessApi, fleet: FleetApi) -> Feature:
    database = kernel.database
    tokens = EnrollmentTokens(access, fleet, kernel.clock)
    fleet.on_group_delete(tokens.needing_group)
    kernel.within.add(BY_TOKEN, lambda session, one, groups: bool(tokens.within(session, [one], groups)))
    endpoint = Endpoint(kernel.endpoint, kernel.bus)
    throttle = FailureLimit(kernel.clock, FAILURES)
    enrolment = Enrolment(database, fleet, tokens, throttle, kernel.audit)
    registration = Registration(database, access, fleet, tokens, throttle, kernel.audit)
    api = EnrollApi(database, tokens, endpoint)

    async def live_tokens() -> list[msgspec.Struct]:
        return list(await database.read(tokens.all))

    async def visible_tokens(ids: Collection[int], groups: frozenset[int]) -> set[int]:
        return await database.read(lambda session: tokens.within(session, ids, groups))

    async def visible_endpoint(ids: Collection[int], _groups: frozenset[int]) -> set[int]:
        return set(ids)

    async def live_endpoint() -> list[msgspec.Struct]:
        return [await endpoint.view()]

    return Feature(
        name="enroll",
        routes=lambda: [
            *machine_routes(enrolment, endpoint),
            *register_routes(registration, access),
            *token_routes(database, tokens, api),
            *setup_routes(api, access.users, kernel.launch_secret),
            *endpoint_routes(endpoint),
        ],
        live={
            ENROLLMENT_TOKEN: LiveKind(VIEW, live_tokens, visible=visible_tokens),
            AGENT_ENDPOINT: LiveKind(VIEW, live_endpoint, visible=visible_endpoint),
        },
        api=api,
    )
