"""The fake service itself: what it leaves behind would fall on the tests after it."""

from __future__ import annotations

import gc
import socket
import ssl

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.fake_service import FakeService


@pytest.mark.sockets
def test_a_peer_that_never_says_goodbye_leaves_nothing_open(service: FakeService) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", service.port)) as plain, context.wrap_socket(plain) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\n")
        service.stop()
        # A transport that nobody closed would warn now, and a warning is an error.
        gc.collect()
