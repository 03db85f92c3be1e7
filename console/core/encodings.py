"""Encodings of output as the reader chooses them, and the one that is guessed while output comes in."""

from __future__ import annotations

from backend_lite.contract.encodings import ENCODINGS, SAMPLE, UTF_8, guess, marked

AUTOMATIC = "auto"

TITLES: dict[str, str] = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "cp437": "CP437 (DOS, US)",
    "cp850": "CP850 (DOS, Western)",
    "cp852": "CP852 (DOS, Central European)",
    "cp866": "CP866 (DOS, Cyrillic)",
    "cp932": "CP932 (Japanese)",
    "cp936": "CP936 (Chinese)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1252": "Windows-1252 (Western)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
}
assert set(TITLES) == set(ENCODINGS)


class Guess:
    """The likely encoding of one stream; it gets better with every part of the stream that is seen."""

    def __init__(self) -> None:
        self.encoding = UTF_8
        self._certain = False
        self._sample = bytearray()
        self._judged = 0

    def see(self, offset: int, data: bytes) -> None:
        """`offset` is where `data` begins in what the script wrote."""
        mark = marked(data) if offset == 0 else None
        if mark is not None:
            self.encoding, self._certain = mark, True
        if self._certain or (data.isascii() and b"\0" not in data):
            return
        if len(self._sample) % 2 != offset % 2:
            # Pairs of bytes stay pairs.
            self._sample += b" "
        self._sample += data[: SAMPLE - len(self._sample)]
        if len(self._sample) >= 2 * self._judged:
            self._judged = len(self._sample)
            self.encoding = guess(bytes(self._sample), begins_inside=True)
            self._certain = self._judged >= SAMPLE
