"""Writes lines for a while, to see how they arrive."""

import os
import platform
import sys
import time

STEP_S = 0.25


def main() -> int:
    seconds = float(os.environ.get("DF_SECONDS", "5"))
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
