"""What an attempt's outcome says of its output, and the keys by which identical output is found."""

from __future__ import annotations

import hashlib

from agent.wire.messages import Done
from backend_lite.features.runs.output import KeptOutput
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.tables import AttemptRow

_LENGTH = 32


def record_output(attempt: AttemptRow, message: Done, kept: KeptOutput) -> None:
    """Sizes, gaps and key. The key is of the bytes the service has, whatever the agent meant to send."""
    attempt.stdout_size, attempt.stderr_size = kept.sizes
    attempt.stdout_total = max(message.stdout_total, kept.sizes[0])
    attempt.stderr_total = max(message.stderr_total, kept.sizes[1])
    attempt.stdout_gap = _gap(message.stdout_gap, kept.sizes[0], attempt.stdout_total)
    attempt.stderr_gap = _gap(message.stderr_gap, kept.sizes[1], attempt.stderr_total)
    # Where bytes were left out, how many there were is all that is known of them.
    attempt.output_key = _digest(*kept.hashes, str(attempt.stdout_total), str(attempt.stderr_total))


def run_output_key(parts: RunParts) -> str | None:
    """The same for runs whose steps all have the same output; None while that of one is not known."""
    keys = []
    for step in parts.steps:
        attempt = parts.attempt_of(step)
        if attempt is not None and attempt.output_key is None:
            return None
        keys.append("" if attempt is None or attempt.output_key is None else attempt.output_key)
    if not any(keys):
        return None
    return keys[0] if len(keys) == 1 else _digest(*keys)


def _gap(told: int, size: int, total: int) -> int:
    """Where output is missing: at the end of what there is, unless the agent says otherwise."""
    if total <= size:
        return 0
    return min(told, size) if told > 0 else size


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_LENGTH]
