"""Seeds of the simulator: none may end in a violation, and without any one of the safety rules some must.

The long form is `python -m tests.faults.sim --seeds 5000`; `--mutants` prints which seeds catch which mutant.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.sim.mutants import MUTANTS, Mutant, violations_of
from tests.faults.sim.simulation import simulate

SEEDS = range(1, 61)
MOST_FOR_A_MUTANT = 600
"""The rarest is caught by one of sixty seeds: a change of the product shifts which."""


def test_no_seed_ends_in_a_violation() -> None:
    results = [simulate(seed) for seed in SEEDS]
    assert [(result.seed, result.violations) for result in results if result.violations] == []
    # Simulations in which nothing happened would prove nothing.
    assert sum(result.effects for result in results) > 2 * len(SEEDS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_without_a_safety_rule_a_violation_is_found(mutant: Mutant) -> None:
    # The known ones first; a change of the product may shift what happens in them.
    seeds = dict.fromkeys((*mutant.caught_by, *range(1, MOST_FOR_A_MUTANT)))
    assert any(violations_of(mutant, seed) for seed in seeds)


def test_the_same_seed_is_the_same_history_in_any_process() -> None:
    here = "\n".join(simulate(7).lines)
    assert "\n".join(simulate(7).lines) == here
    program = "from tests.faults.sim.simulation import simulate; print('\\n'.join(simulate(7).lines))"
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": "77"},
    )
    assert told.stdout.decode() == here + "\n"
