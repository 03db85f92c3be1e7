"""The limit of open files that the service begins with is not the one that it works with."""

import sys

import pytest

from backend_lite.core.open_files import allow_many_open_files


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_as_many_as_the_system_lets_it_have() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] - 1, before[1]))
        allow_many_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
