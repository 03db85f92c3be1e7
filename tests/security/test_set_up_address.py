"""Once there is an owner, the address of the first set-up is gone in every spelling."""

import pytest

from tests.security.set_up_address import opened, variants
from tests.security.site import Site

pytestmark = pytest.mark.anyio


async def test_no_spelling_of_the_address_makes_an_owner(site: Site) -> None:
    assert len(variants()) >= 200
    _, wrong = await opened(site)
    assert wrong == []
