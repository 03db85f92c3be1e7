"""The apps of the listeners, and the process around them."""

import gc
from collections.abc import Iterator

import pytest
from litestar import Litestar

from backend_lite.app import look_less_for_garbage
from backend_lite.core.http.app import make_app
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)
    gc.disable()


async def test_packages_that_happen_to_be_installed_do_not_join_in(service: InProcess) -> None:
    pytest.importorskip("pydantic")
    theirs = "litestar.plugins.pydantic"
    app = make_app(service.features, service.access.authenticator, service.kernel.within, machines_only=True)
    joined = {type(plugin).__module__ for plugin in app.plugins}
    left_to_itself = {type(plugin).__module__ for plugin in Litestar(logging_config=None).plugins}
    assert any(name.startswith(theirs) for name in left_to_itself)
    assert not any(name.startswith(theirs) for name in joined)


async def test_garbage_is_looked_for_once_the_service_runs(thresholds: tuple[int, int, int]) -> None:
    gc.disable()
    look_less_for_garbage()
    assert gc.isenabled()
    assert gc.get_threshold()[0] > thresholds[0]
