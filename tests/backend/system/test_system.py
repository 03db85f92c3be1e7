"""What the service says about itself, and to whom."""

import pytest

from backend_lite import __version__
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.system import ALIVE, HEALTH, OPENAPI
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


async def test_health_is_open_and_as_documented(service: InProcess) -> None:
    assert (await service.client.get(HEALTH)).json() == {
        "status": "healthy",
        "service": "DeployFlow",
        "version": __version__,
    }
    assert (await service.client.get(ALIVE)).json() == {"status": "ok"}


async def test_the_description_is_for_those_who_are_signed_in(service: InProcess) -> None:
    assert (await service.client.get(OPENAPI)).status_code == 401
    description = (await service.client.get(OPENAPI, headers=await service.sign_in())).json()
    assert description["info"] == {"title": "DeployFlow", "version": __version__}
    assert set(description["paths"][SCRIPTS]) == {"get", "post"}
    assert set(description["paths"][SCRIPTS + "/{script_id}"]) == {"get", "put", "delete"}


@pytest.mark.parametrize("path", ["/docs", "/schema", "/schema/openapi.json", "/schema-not-served", "/"])
async def test_there_are_no_pages_for_a_browser(service: InProcess, path: str) -> None:
    answer = await service.client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is nothing at this address.", "code": "not_found"}


async def test_the_description_says_what_the_framework_does_not_know(service: InProcess) -> None:
    document = (await service.client.get(OPENAPI, headers=await service.sign_in())).json()
    assert "security" not in document["paths"][HEALTH]["get"]
    script = document["paths"][SCRIPTS + "/{script_id}"]["get"]
    assert script["security"] == [{"bearer": []}]
    assert script["responses"].keys() == {"200", "default"}
    assert "oneOf" not in str(document)
    point = document["components"]["schemas"]["MetricHistory"]["properties"]["points"]["items"]
    assert (point["type"], point["minItems"], point["maxItems"]) == ("array", 4, 4)
    export = document["paths"]["/api/v1/audit/export"]["get"]["responses"]["200"]["content"]
    assert export.keys() == {"application/x-ndjson", "text/csv"}
