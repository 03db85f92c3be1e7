"""Whatever the description of the interface allows, and what it does not, sent to the service."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend_lite.contract.http_agents import AGENT_HEARTBEAT
from backend_lite.core.http.description import description
from tests.helpers.service import headers
from tests.security.site import Site

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Operation = APIOperation[Any, Any, Any, Any]
_OF_DEVICES = AGENT_HEARTBEAT.removesuffix("heartbeat")


@dataclass
class Told:
    """`answers` by status; `reached` the operations that were answered with success; `wrong` what no answer
    may be, by operation."""

    operations: int = 0
    cases: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)


class Teller:
    """Sends cases to the furnished service, which lives on the loop of `runner`: cases are made outside."""

    def __init__(self, runner: asyncio.Runner, site: Site) -> None:
        self._runner = runner
        self._site = site
        self.told = Told()

    def tell_all(self, examples: int, every: int = 1) -> Told:
        """So many cases that the description allows for each operation, and so many that it does not; or for
        every so manyth operation only."""
        schema = schemathesis.openapi.from_dict(description(self._site.service.app))
        found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        operations = sorted(found, key=_turn)[::every]
        self.told.operations = len(operations)
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._tell(operation, mode, examples)
        return self.told

    def _tell(self, operation: Operation, mode: GenerationMode, examples: int) -> None:
        @seed(0)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def each(case: Case[Any]) -> None:
            if mode is GenerationMode.POSITIVE and self.told.cases % 2:
                for name in case.path_parameters:
                    case.path_parameters[name] = self._site.known.get(name, 1)
            self._send(case)

        try:
            each()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, f"{operation.label}: nothing fits its description"

    def _send(self, case: Case[Any]) -> None:
        answer = self._runner.run(self._answer(case))
        self.told.cases += 1
        self.told.answers[answer.status_code] += 1
        if answer.is_success:
            self.told.reached.add(case.operation.label)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            said = "; ".join(str(one) for one in failures.exceptions)
            self.told.wrong.setdefault(f"{case.operation.label}: {said[:300]}", case.as_curl_command()[:600])

    async def _answer(self, case: Case[Any]) -> httpx.Response:
        path = case.operation.path
        caller = headers(self._site.device_secret) if path.startswith(_OF_DEVICES) else self._site.owner
        told = case.as_transport_kwargs()
        answer = await self._site.service.client.request(
            told["method"],
            told["url"],
            params=told["params"],
            content=_body(told),
            headers={**told["headers"], **caller},
        )
        if answer.status_code == 401 and caller is self._site.owner:
            # A case has signed us out, or changed the password.
            self._site.owner = await self._site.service.sign_in()
        return answer


def _body(told: dict[str, Any]) -> bytes | None:
    if "json" in told:
        return json.dumps(told["json"]).encode()
    data = told.get("data")
    if isinstance(data, dict | list):
        return urlencode(data, doseq=True).encode()
    return data.encode() if isinstance(data, str) else data


def _turn(operation: Operation) -> tuple[Any, ...]:
    """What makes comes first and what removes last: the others are to find something."""
    return operation.method == "delete", "{" in operation.path, operation.path, operation.method
