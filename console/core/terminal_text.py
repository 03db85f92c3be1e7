"""Terminal output as styled text: ANSI colours are kept, everything else that moves a cursor is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_LONGEST_SEQUENCE = 256
_ESCAPE = "\x1b"
_CSI = re.compile(r"\x1b\[([0-?]*)[ -/]*([@-~])")
_OSC = re.compile(r"\x1b[\]PX^_].*?(?:\x07|\x1b\\)", re.DOTALL)
_SHORT = re.compile(r"\x1b[ -/]*[0-Z\\^_`a-~]")
_SPECIAL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\u2028\u2029]")
_BEGINS_LONG = ("]", "P", "X", "^", "_")


@dataclass(frozen=True, slots=True)
class Style:
    """Colours are one of COLORS, `bright-` + one of them, `#rrggbb`, or None for the window's own."""

    color: str | None = None
    background: str | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False


PLAIN = Style()
Run = tuple[str, Style]


class Sign(Enum):
    """What else than text there is in a stream."""

    NEW_LINE = auto()
    RETURN = auto()
    BACK = auto()
    ERASE_REST = auto()
    ERASE_LINE = auto()


class TerminalReader:
    """Reads text piece by piece; a sequence may be split between pieces anywhere."""

    def __init__(self) -> None:
        self.style = PLAIN
        self._rest = ""

    def read(self, text: str) -> Iterator[Run | Sign]:
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            match = _SPECIAL.search(text, at)
            if match is None:
                yield text[at:], self.style
                return
            if match.start() > at:
                yield text[at : match.start()], self.style
            at = match.start()
            if text[at] != _ESCAPE:
                yield from self._control(text[at])
                at += 1
                continue
            end, sign = self._sequence(text, at)
            if end is None:
                self._rest = text[at:]
                return
            if sign is not None:
                yield sign
            at = end

    def _control(self, char: str) -> Iterator[Run | Sign]:
        if char in "\n\v\f\u2028\u2029":
            yield Sign.NEW_LINE
        elif char == "\r":
            yield Sign.RETURN
        elif char == "\b":
            yield Sign.BACK
        elif char != "\a":
            # As the picture of the control character, so that it is seen and copied as something.
            yield ("\u2421" if char == "\x7f" else chr(0x2400 + ord(char))), self.style

    def _sequence(self, text: str, at: int) -> tuple[int | None, Sign | None]:
        """(where it ends, what it says); None for the end when more text is needed to know."""
        match = _CSI.match(text, at)
        if match is not None:
            return match.end(), self._control_sequence(match[1], match[2])
        kind = text[at + 1 : at + 2]
        for pattern in (_OSC, _SHORT) if kind != "[" else ():
            match = pattern.match(text, at)
            if match is not None and not (pattern is _SHORT and kind in _BEGINS_LONG):
                return match.end(), None
        if len(text) - at > _LONGEST_SEQUENCE or (kind and not _may_go_on(text[at:])):
            return at + 1, None
        return None, None

    def _control_sequence(self, parameters: str, final: str) -> Sign | None:
        if final == "m":
            self.style = styled(self.style, parameters)
        elif final == "K":
            return Sign.ERASE_REST if parameters in ("", "0") else Sign.ERASE_LINE
        elif final == "G" and parameters in ("", "0", "1"):
            return Sign.RETURN
        return None


def _may_go_on(text: str) -> bool:
    """True while `text` can still become a whole sequence."""
    if text[1] == "[":
        return re.fullmatch(r"\x1b\[[0-?]*[ -/]*", text) is not None
    return text[1] in _BEGINS_LONG or re.fullmatch(r"\x1b[ -/]*", text) is not None


def styled(style: Style, parameters: str) -> Style:
    """`style` after an SGR sequence; unknown numbers are passed over."""
    numbers: list[int] = []
    for part in parameters.split(";"):
        numbers += _numbers(part)
    at = 0
    while at < len(numbers):
        number = numbers[at]
        if number in (38, 48):
            color, used = _extended(numbers[at + 1 :])
            if color and number == 38:
                style = replace(style, color=color)
            elif color:
                style = replace(style, background=color)
            at += used
        else:
            style = _simple(style, number)
        at += 1
    return style


def _numbers(part: str) -> list[int]:
    """The numbers of one parameter; with colons it is a whole: a colour, or a number and its kind."""
    first, *rest = [int(number) if number.isdigit() else 0 for number in part.split(":")]
    if first not in (38, 48):
        # `4:0` takes the underline away, `4:3` is one that curls.
        return [24] if first == 4 and rest[:1] == [0] else [first]
    if rest[:1] == [2] and len(rest) > 4:
        # The colour space, mostly empty, stands before the colours.
        del rest[1]
    return [first, *rest]


_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    21: {"underline": True},
    22: {"bold": False, "faint": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
}


def _simple(style: Style, number: int) -> Style:
    if number == 0:
        return PLAIN
    if number in _SWITCHES:
        return replace(style, **_SWITCHES[number])  # type: ignore[arg-type]
    if number == 39:
        return replace(style, color=None)
    if number == 49:
        return replace(style, background=None)
    for start, prefix in ((30, ""), (90, "bright-")):
        if start <= number < start + 8:
            return replace(style, color=prefix + COLORS[number - start])
        if start + 10 <= number < start + 18:
            return replace(style, background=prefix + COLORS[number - start - 10])
    return style


def _extended(numbers: list[int]) -> tuple[str | None, int]:
    """(colour, numbers used) of what follows 38 or 48: `5;n` or `2;r;g;b`."""
    if len(numbers) >= 2 and numbers[0] == 5:
        return _indexed(numbers[1]), 2
    if len(numbers) >= 4 and numbers[0] == 2:
        red, green, blue = (min(value, 255) for value in numbers[1:4])
        return f"#{red:02x}{green:02x}{blue:02x}", 4
    return None, len(numbers)


def _indexed(number: int) -> str | None:
    if number < 16:
        return ("bright-" if number >= 8 else "") + COLORS[number % 8]
    if number < 232:
        levels = (0, 95, 135, 175, 215, 255)
        number -= 16
        red, green, blue = levels[number // 36], levels[number // 6 % 6], levels[number % 6]
        return f"#{red:02x}{green:02x}{blue:02x}"
    if number < 256:
        grey = 8 + (number - 232) * 10
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    return None
