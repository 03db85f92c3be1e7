"""`python -m tests.faults.sim --seeds N`: play seeds, and show the history of the first that goes wrong."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator

from tests.faults.sim.mutants import MUTANTS, Mutant, violations_of
from tests.faults.sim.simulation import Result, simulate

_PROGRESS = 100
_ENOUGH = 3


def main() -> int:
    options = _parser().parse_args()
    if options.seed is not None:
        return _show(simulate(options.seed), trace=options.trace)
    seeds = range(options.start, options.start + options.seeds)
    return _mutants(seeds) if options.mutants else _play(seeds, options.jobs, options.all)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--start", type=int, default=1, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side")
    parser.add_argument("--all", action="store_true", help="go on after a violation, without its history")
    parser.add_argument("--mutants", action="store_true", help="take safety rules out, and say who notices")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: its history in any case")
    return parser


def _play(seeds: range, jobs: int, go_on: bool) -> int:
    begin, wrong = time.perf_counter(), 0
    for n, result in enumerate(_results(seeds, jobs), 1):
        if result.violations:
            wrong += 1
            if not go_on:
                return _show(result, trace=True)
            _say_violations(result)
        if n % _PROGRESS == 0:
            print(f"{n} seeds, {n / (time.perf_counter() - begin):.1f} a second", flush=True)
    print(f"{len(seeds)} seeds, {wrong} with a violation, {time.perf_counter() - begin:.0f} s")
    return 1 if wrong else 0


def _results(seeds: range, jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(simulate, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(simulate, seeds, chunksize=4)


def _show(result: Result, *, trace: bool) -> int:
    if trace or result.violations:
        print("\n".join(result.lines))
    _say_violations(result)
    return 1 if result.violations else 0


def _say_violations(result: Result) -> None:
    print(f"\nSEED {result.seed}:", *(result.violations or ["no violation"]), sep="\n  ", flush=True)


def _mutants(seeds: Iterable[int]) -> int:
    missed = 0
    for mutant in MUTANTS:
        caught = _caught(mutant, seeds)
        missed += not caught
        print(f"{mutant.name}: {', '.join(map(str, caught)) or 'NOT CAUGHT'}", flush=True)
        if mutant.backed_by:
            print(f"    together: {mutant.backed_by}")
    return 1 if missed else 0


def _caught(mutant: Mutant, seeds: Iterable[int]) -> list[int]:
    """The first seeds that catch it: those known to, and then any."""
    caught: list[int] = []
    for seed in dict.fromkeys((*mutant.caught_by, *seeds)):
        if violations_of(mutant, seed):
            caught.append(seed)
        if len(caught) == _ENOUGH:
            break
    return caught


if __name__ == "__main__":
    sys.exit(main())
