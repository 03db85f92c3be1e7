"""The clock against a time server. Exit code 1 when it is wrong, 2 when nobody answers."""

import os
import socket
import struct
import sys
import time

SINCE_1900 = 2_208_988_800
WAIT_S = 5.0


def offset(server: str, port: int) -> float:
    """How many seconds this clock is behind. Raises OSError, ValueError."""
    address = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(address[0], socket.SOCK_DGRAM) as channel:
        channel.settimeout(WAIT_S)
        channel.connect(address[4])
        sent = time.time()
        # Version 4, client; everything else may be zero.
        channel.send(b"\x23" + bytes(47))
        answer = channel.recv(256)
        came = time.time()
    if len(answer) < 48 or answer[1] == 0:
        raise ValueError("the server does not tell the time")
    arrived, left = (seconds + part / 2**32 - SINCE_1900 for seconds, part in (
        struct.unpack("!II", answer[32:40]), struct.unpack("!II", answer[40:48])))  # fmt: skip
    return ((arrived - sent) + (left - came)) / 2


def main() -> int:
    server, _, port = os.environ.get("DF_SERVER", "pool.ntp.org").partition(" ")
    try:
        behind = offset(server, int(port or 123))
    except (OSError, ValueError) as error:
        print(f"{server} gives no time: {error}", file=sys.stderr)
        return 2
    allowed = float(os.environ.get("DF_ALLOWED", "5"))
    print(f"This clock is {abs(behind):.3f} s {'behind' if behind >= 0 else 'ahead of'} {server}.")
    if abs(behind) > allowed:
        print(f"At most {allowed:g} s are allowed.", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
