"""Output as plain lines: decoded, without the sequences that only a terminal understands."""

from __future__ import annotations

from backend_lite.contract.encodings import SAMPLE, decode, guess, marked, visible
from console.core.terminal_text import Sign, TerminalReader


def plain(data: bytes) -> str:
    encoding = marked(data[:4]) or guess(data[:SAMPLE])
    text, _undecoded = visible(decode(data, encoding))
    lines: list[str] = [""]
    for item in TerminalReader().read(text.removeprefix("\ufeff").replace("\r\n", "\n")):
        if item is Sign.NEW_LINE:
            lines.append("")
        elif item in (Sign.RETURN, Sign.ERASE_LINE):
            # What follows is written over it.
            lines[-1] = ""
        elif isinstance(item, tuple):
            lines[-1] += item[0]
    return "\n".join(lines)
