"""What follows from changes within one unit of work: free devices take work, rollouts go on."""

from __future__ import annotations

from backend_lite.features.runs.advance import Advance
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.moment import Moment


class Flow:
    def __init__(self, dispatcher: Dispatcher, advance: Advance) -> None:
        self._dispatcher = dispatcher
        self._advance = advance

    def settle(self, moment: Moment) -> None:
        """Look at all that was noted in `moment`, and at what follows from that, until nothing does."""
        while moment.devices or moment.rollouts:
            while moment.devices:
                free, moment.devices = list(moment.devices), {}
                self._dispatcher.offer(moment, free)
            if moment.rollouts:
                rollout_id = next(iter(moment.rollouts))
                del moment.rollouts[rollout_id]
                self._advance.look(moment, rollout_id)
