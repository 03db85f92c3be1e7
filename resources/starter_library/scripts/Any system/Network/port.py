"""Whether a TCP port takes connections. Exit code 1 when it does not."""

import os
import socket
import sys
import time


def main() -> int:
    host, port = os.environ["DF_HOST"], int(float(os.environ.get("DF_PORT", "443")))
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), float(os.environ.get("DF_TIMEOUTS", "5"))) as there:
            took = (time.monotonic() - began) * 1000
            print(f"{host} takes connections on port {port} ({there.getpeername()[0]}, {took:.0f} ms).")
    except (OSError, UnicodeError) as error:
        print(f"{host} takes no connection on port {port}: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
