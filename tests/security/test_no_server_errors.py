"""Whatever is sent to the service, no answer is its own mistake."""

import httpx
import pytest

from tests.security.site import Site
from tests.security.walk import DEEP, JSON
from tests.security.walking import walked

pytestmark = pytest.mark.anyio

PER_OPERATION = 4


@pytest.mark.sockets
async def test_no_address_breaks_by_what_it_is_sent(site: Site) -> None:
    seen = await walked(site, PER_OPERATION)
    assert seen.bugs == []
    operations = sum(len(of) for of in site.service.app.openapi_schema.to_schema()["paths"].values())
    assert len(seen.reached) > operations / 2, "the walk must get past the doors"


async def test_a_body_without_end_is_refused_with_a_sentence(site: Site) -> None:
    answer: httpx.Response = await site.service.client.post(
        "/api/v1/scripts", headers=site.owner | {"content-type": JSON}, content=DEEP
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"] == "The body cannot be read: it is nested too deeply."
