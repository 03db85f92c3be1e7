"""The apps of the listeners."""

import pytest
from litestar import Litestar

from backend_lite.core.http.app import make_app
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


async def test_packages_that_happen_to_be_installed_do_not_join_in(service: InProcess) -> None:
    pytest.importorskip("pydantic")
    theirs = "litestar.plugins.pydantic"
    app = make_app(service.features, service.access.authenticator, service.kernel.within, machines_only=True)
    joined = {type(plugin).__module__ for plugin in app.plugins}
    left_to_itself = {type(plugin).__module__ for plugin in Litestar(logging_config=None).plugins}
    assert any(name.startswith(theirs) for name in left_to_itself)
    assert not any(name.startswith(theirs) for name in joined)
