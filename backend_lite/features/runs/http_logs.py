"""The documented form of logs: both streams in one text."""

from __future__ import annotations

from backend_lite.features.runs.output_store import OutputStore

_STDOUT, _STDERR = "=== STDOUT ===\n", "\n=== STDERR ===\n"
NO_OUTPUT = "(no output)"


def streams_of(logs: str | None) -> tuple[bytes, bytes]:
    """Stdout and stderr of `logs`, UTF-8; a text in no known form is stdout."""
    if not logs or logs == NO_OUTPUT:
        return b"", b""
    stdout, stderr = logs, ""
    if logs.startswith(_STDOUT) and _STDERR in logs:
        # The last one: a script may print the same words, and what follows it is what it wrote last.
        stdout, _, stderr = logs.removeprefix(_STDOUT).rpartition(_STDERR)
    return stdout.encode("utf-8", "replace"), stderr.encode("utf-8", "replace")


async def same_logs(output: OutputStore, attempt_id: int, sizes: tuple[int, int], logs: str | None) -> bool:
    """Whether what is kept of the attempt is what `logs` say."""
    told = streams_of(logs)
    if (len(told[0]), len(told[1])) != sizes:
        return False
    for stream, data in enumerate(told):
        offset = 0
        while offset < len(data):
            piece = await output.read(attempt_id, stream, offset, len(data) - offset)
            if not piece or data[offset : offset + len(piece)] != piece:
                return False
            offset += len(piece)
    return True
