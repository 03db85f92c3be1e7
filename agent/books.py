"""Journal, outbox and folders of the attempts, always moved together."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from agent.attempt_folder import AttemptFolder
from agent.journal import Entry, Journal, Phase
from agent.outbox import Outbox
from agent.outcomes import Standing, settle, standing, unexecuted
from agent.wire.messages import Done
from agent.wire.states import Outcome

log = logging.getLogger(__name__)


class Books:
    """What this device has promised, what it has to tell, and where the evidence lies."""

    def __init__(self, journal: Journal, outbox: Outbox, folder: Path) -> None:
        self.journal = journal
        self.outbox = outbox
        self._folder = folder
        self._forgotten: set[str] = set()

    def place(self, attempt: str) -> AttemptFolder:
        return AttemptFolder(str(self._folder / attempt))

    def clear_place(self, attempt: str) -> AttemptFolder:
        """An empty folder: a former life may have prepared a runner, which went with it."""
        shutil.rmtree(self._folder / attempt, ignore_errors=True)
        return self._made_place(attempt)

    def _made_place(self, attempt: str) -> AttemptFolder:
        (self._folder / attempt).mkdir(mode=0o700, exist_ok=True)
        return self.place(attempt)

    def remove_strangers(self) -> None:
        """Folders of attempts that were closed while something kept the folder from going."""
        for path in self._folder.iterdir():
            if path.name not in self.journal.entries:
                shutil.rmtree(path, ignore_errors=True)

    def start(self, entry: Entry) -> None:
        """From now on a runner may have it, and there may be output."""
        self.journal.starting(entry)
        self.outbox.open(entry.attempt, self.place(entry.attempt).spool)

    def settle(self, entry: Entry) -> bool:
        """Finish a started attempt if its folder says how it ended; False while a runner works on it."""
        done = settle(entry, self.place(entry.attempt), self.journal.incarnation.boot_id)
        if done is not None:
            self._finish(entry, done)
        return done is not None

    def withhold(self, entry: Entry, outcome: Outcome, detail: str) -> bool:
        """Take the gate, so that nothing can be executed any more. False when a runner was quicker."""
        place = self._made_place(entry.attempt)
        if not place.take_gate("agent") and standing(place) is not Standing.WITHHELD:
            return False
        place.remove_job()
        self._finish(entry, unexecuted(entry, outcome, detail))
        return True

    def tell(self, attempt: str, done: Done) -> None:
        """Send an outcome, and the output there is, until its receipt."""
        self.outbox.open(attempt, self.place(attempt).spool)
        self.outbox.done(attempt, done)

    def _finish(self, entry: Entry, done: Done) -> None:
        try:
            self.journal.done(entry, done)
        except OSError as error:
            log.warning("the outcome of %s is not in the journal yet: %s", entry.attempt, error.strerror)
        log.info("%s: %s %s", entry.attempt, done.outcome, done.detail or f"exit code {done.exit_code}")
        self.tell(entry.attempt, done)
        if entry.attempt in self._forgotten:
            self.close(entry)

    def forget(self, entry: Entry) -> None:
        """The service will never ask for this attempt again; what still runs is closed when it ends."""
        if entry.phase is Phase.STARTING:
            self._forgotten.add(entry.attempt)
        else:
            self.close(entry)

    def close(self, entry: Entry) -> bool:
        """Free everything; False when the disk has no room for that line of the journal.

        The journal comes first: a folder without a gate would tell another story.
        """
        if self.journal.entries.get(entry.attempt) is not entry:
            return True
        try:
            self.journal.closed(entry)
        except OSError as error:
            log.warning("%s cannot be closed yet: %s", entry.attempt, error.strerror)
            return False
        self._forgotten.discard(entry.attempt)
        self.outbox.close(entry.attempt)
        shutil.rmtree(self._folder / entry.attempt, ignore_errors=True)
        return True
