import asyncio
import socket
import sys

import pytest

from tests.helpers.network import NetworkUseError

not_on_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="there every event loop needs the loopback"
)


@not_on_windows
def test_a_unit_test_opens_no_socket() -> None:
    with socket.socket() as client, pytest.raises(NetworkUseError):
        client.connect(("127.0.0.1", 9))


@not_on_windows
def test_a_unit_test_listens_on_no_socket() -> None:
    with socket.socket() as server, pytest.raises(NetworkUseError):
        server.bind(("127.0.0.1", 0))


@not_on_windows
def test_a_library_is_held_to_it() -> None:
    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(NetworkUseError):
        asyncio.run(connect())


def test_no_name_is_looked_up() -> None:
    with pytest.raises(NetworkUseError):
        socket.getaddrinfo("deployflow.example", 443)


def test_pairs_and_local_sockets_keep_working() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"hello")
        assert right.recv(5) == b"hello"


@pytest.mark.sockets
def test_a_marked_test_reaches_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.sockets
def test_a_marked_test_stays_on_this_machine() -> None:
    with socket.socket() as client, pytest.raises(NetworkUseError):
        client.connect(("192.0.2.1", 443))
    with socket.socket() as server, pytest.raises(NetworkUseError):
        server.bind(("0.0.0.0", 0))  # noqa: S104 - refused
