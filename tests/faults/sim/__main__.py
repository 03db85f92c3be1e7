"""`python -m tests.faults.sim --seeds N`: play seeds until one goes wrong."""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults.sim.simulation import simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sim")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--start", type=int, default=1)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--all", action="store_true", help="go on after a violation, without its history")
    options = parser.parse_args()
    seeds = (
        [options.seed] if options.seed is not None else range(options.start, options.start + options.seeds)
    )
    begin = time.perf_counter()
    for n, seed in enumerate(seeds, 1):
        result = simulate(seed)
        if options.trace or (result.violations and not options.all):
            print("\n".join(result.lines))
        if result.violations:
            print(f"\nSEED {seed}:", *result.violations, sep="\n  ", flush=True)
            if not options.all:
                return 1
        if n % 50 == 0:
            print(f"{n} seeds, {n / (time.perf_counter() - begin):.1f}/s", flush=True)
    print(f"{len(seeds)} seeds, no violation, {time.perf_counter() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
