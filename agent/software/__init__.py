"""Installing and removing software: one process of the agent's own per step. Standard library only."""

from __future__ import annotations


class ShorterError(ConnectionError):
    """A file no longer reaches as far as it was fetched: it has to be fetched from its beginning."""


class SoftwareError(Exception):
    """The step has failed; the text is the sentence for its output."""
