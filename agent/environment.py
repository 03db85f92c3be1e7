"""The environment of programs that this one starts. Imported before every script: standard library only."""

from __future__ import annotations

NOT_FOR_SCRIPTS = frozenset({"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM"})
"""Variables that the service manager gave to the agent itself."""


def script_environment(own: dict[str, str]) -> dict[str, str]:
    """What scripts inherit: the agent's environment without what was meant for the agent alone."""
    kept = {name: value for name, value in own.items() if name not in NOT_FOR_SCRIPTS}
    # A packaged program points the loader at its own libraries; other programs want the system's.
    if "LD_LIBRARY_PATH_ORIG" in kept:
        kept["LD_LIBRARY_PATH"] = kept.pop("LD_LIBRARY_PATH_ORIG")
    return kept
