import pytest

from tests.backend.library.library import Library
from tests.helpers.service import InProcess


@pytest.fixture
async def library(service: InProcess) -> Library:
    return Library(service, await service.sign_in())
