"""Everything there is in one simulation: time, chance, files, network, history."""

from __future__ import annotations

import random

from tests.faults.sim.history import History
from tests.faults.sim.kernel import VirtualLoop
from tests.faults.sim.network import Network
from tests.faults.sim.system import Files
from tests.faults.sim.threads import WALL


class World:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.loop = VirtualLoop()
        self.history = History(self.loop)
        self.files = Files(self.chance)
        self.network = Network(self.loop, self.chance)
        self.nervous = self.chance.choice((0.0, 0.0, 0.05, 0.3))
        """How often somebody else goes on in the middle of something."""

    def now_ms(self) -> int:
        return int((WALL + self.loop.now) * 1000)

    def monotonic(self) -> float:
        return self.loop.now

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability
