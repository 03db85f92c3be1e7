"""How long the proofs run: the short form with all tests, the long one by `python -m tests.faults`."""

from __future__ import annotations

import os
from typing import TypeVar

VARIABLE = "DEPLOYFLOW_FAULTS"
LONG = os.environ.get(VARIABLE) == "long"

T = TypeVar("T")


def by_form(short: T, long: T) -> T:
    return long if LONG else short
