"""Writes lines for a while, to see how they arrive. Arguments: seconds (default 5)."""

import platform
import sys
import time

STEP_S = 0.25


def main() -> int:
    try:
        seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    except ValueError:
        print(f"Not a number of seconds: {sys.argv[1]}", file=sys.stderr)
        return 2
    print(f"Hello from {platform.node()}, {platform.system()} {platform.release()}", flush=True)
    count = max(1, round(seconds / STEP_S))
    for n in range(1, count + 1):
        done = n * 30 // count
        print(f"{n:4} of {count}  [{'#' * done}{'.' * (30 - done)}]", flush=True)
        if n % 8 == 0:
            print(f"note {n // 8}: this line goes to stderr", file=sys.stderr, flush=True)
        time.sleep(STEP_S)
    print("Done.", flush=True)
    return 0


sys.exit(main())
