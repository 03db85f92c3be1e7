"""Raw output as text: in which encoding it is, and its characters, of which none is ever lost.

Service and window read output alike by this one module.
"""

from __future__ import annotations

import codecs
import re

from backend_lite.contract.code_pages import likely_code_page

UTF_8 = "utf-8"
UTF_16 = "utf-16-le"
DOUBLE_BYTE = ("cp932", "cp936")
ENCODINGS: tuple[str, ...] = (
    UTF_8,
    UTF_16,
    "cp437",
    "cp850",
    "cp852",
    "cp866",
    *DOUBLE_BYTE,
    *(f"cp{number}" for number in range(1250, 1259)),
)

SAMPLE = 64 << 10
"""Bytes from which the encoding is guessed."""

_MARKS = ((b"\xef\xbb\xbf", UTF_8), (b"\xff\xfe", UTF_16))
_AROUND = 1 << 10
_KEPT = 0xDC00
_KEEP = "deployflow-keep"
_UNDECODED = re.compile("[\udc00-\udcff]")


def _keep(error: UnicodeError) -> tuple[str, int]:
    """Each byte that is no text here as a lone surrogate, which no decoder makes by itself."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    raw = error.object[error.start : error.end]
    if error.encoding == "gbk" and raw[0] == 0x80:
        # Windows' code page 936 has the euro sign there, Python's has nothing.
        return "\u20ac", error.start + 1
    return "".join(chr(_KEPT + byte) for byte in raw), error.end


codecs.register_error(_KEEP, _keep)


class Decoder:
    """Any split of the bytes gives the same text. Bytes that are none are `undecoded` characters."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)(_KEEP)

    def decode(self, data: bytes, *, final: bool = False) -> str:
        return self._decoder.decode(data, final)


def decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding, _KEEP)


def visible(text: str) -> tuple[str, int]:
    """`text` with every byte that could not be decoded written as `\\x9f`, and how many those are."""
    return _UNDECODED.subn(lambda found: f"\\x{ord(found[0]) - _KEPT:02x}", text)


def marked(head: bytes) -> str | None:
    """The encoding that the first bytes of an output name by their byte order mark."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def guess(data: bytes, *, begins_inside: bool = False) -> str:
    """The encoding of a part of an output without a mark; it may end within a character, and begin within
    one when `begins_inside`, but where it is UTF-16 it begins at an even place."""
    # ASCII as UTF-16 is valid UTF-8 too; no text in any other encoding has NULs.
    if _has_sixteen_bits(data):
        return UTF_16
    if _is_utf_8(after_rest(data) if begins_inside else data):
        return UTF_8
    return likely_code_page(data)


def after_rest(data: bytes) -> bytes:
    """`data` without the rest of a UTF-8 character that begins before it."""
    skipped = 0
    while skipped < min(3, len(data)) and data[skipped] & 0xC0 == 0x80:
        skipped += 1
    return data[skipped:]


def _has_sixteen_bits(data: bytes) -> bool:
    low, high = data[0::2].count(0), data[1::2].count(0)
    return high > 0 and high >= 8 * low and high * 50 >= len(data)


def _is_utf_8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(data)
    except UnicodeDecodeError as error:
        around = after_rest(data[max(0, error.start - _AROUND) : error.start + _AROUND])
    else:
        return True
    text = Decoder(UTF_8).decode(around)
    damaged = len(_UNDECODED.findall(text))
    # A few stray bytes among many whole characters are damage, not another encoding.
    return len(re.findall("[^\x00-\x7f]", text)) > 20 * damaged
