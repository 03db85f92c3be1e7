"""The addresses of a name. Exit code 1 when it is not found or not the expected one."""

import ipaddress
import os
import socket
import sys
import time


def main() -> int:
    name, expected = os.environ.get("DF_NAME", "localhost"), os.environ.get("DF_EXPECTED", "")
    try:
        wanted = ipaddress.ip_address(expected) if expected else None
    except ValueError:
        print(f"This is no address: {expected}", file=sys.stderr)
        return 2
    began = time.monotonic()
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        print(f"{name} is not found: {error}", file=sys.stderr)
        return 1
    took = (time.monotonic() - began) * 1000
    addresses = sorted({str(answer[4][0]).split("%")[0] for answer in answers})
    print(f"{name}: {', '.join(addresses)} ({took:.0f} ms)")
    if wanted is not None and wanted not in [ipaddress.ip_address(address) for address in addresses]:
        print(f"{expected} is not among them.", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
