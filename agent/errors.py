"""The one error that ends the program."""

from __future__ import annotations


class AgentError(Exception):
    """The agent cannot go on. The text is one sentence for the person who started it."""
