"""Output in pieces is the same output: characters, colours and line ends may be split anywhere."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.encodings import ENCODINGS, decode, visible
from console.core.output_lines import LONGEST_LINE, Gap, Line, LineAssembler, Update
from console.core.terminal_text import PLAIN, Style

Piece = tuple[int, bytes]


class Reader:
    """Shows updates as the window does."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def show(self, update: Update) -> None:
        if update.replaces_last:
            self.lines.pop()
        self.lines += update.lines

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


def read(pieces: list[Piece], encoding: str = "utf-8", *, each: bool = True) -> Reader:
    assembler, reader = LineAssembler((encoding, encoding)), Reader()
    offsets = [0, 0]
    for number, (stream, data) in enumerate(pieces):
        assembler.feed(number, stream, offsets[stream], number * 100, data)
        offsets[stream] += len(data)
        if each:
            reader.show(assembler.take())
    assembler.end()
    reader.show(assembler.take())
    return reader


def texts(*data: bytes) -> list[str]:
    return read([(0, part) for part in data]).texts


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"10 %\r55 %\r100 %\ndone", ["100 %", "done"]),
        (b"abcdef\rxy\n", ["xycdef"]),
        (b"abcdef\r\x1b[Kxy\n", ["xy"]),
        (b"abc\x1b[2K\rx\n", ["x"]),
        (b"ab\bc\n", ["ac"]),
        (b"50 %\x1b[2K\x1b[1G100 %\n", ["100 %"]),
        (b"\x1b]0;title\x07text\n", ["text"]),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", ["link"]),
        (b"\x1b(B\x1b=\x1b[?25ltext\x1b[10;20Hmore\n", ["textmore"]),
        (b"nul\x00 bell\x07 esc\x1b\x1b[31m\n", ["nul\u2400 bell esc"]),
        (b"\xef\xbb\xbfmark\n", ["mark"]),
        (b"\xef\xbb", ["\\xef\\xbb"]),
        (b"bad \xff byte\n", ["bad \\xff byte"]),
        (b"half \xe2\x82", ["half \\xe2\\x82"]),
        ("line\u2028sep".encode(), ["line", "sep"]),
    ],
)
def test_a_stream_becomes_these_lines(data: bytes, lines: list[str]) -> None:
    assert texts(data) == lines


sources = st.lists(
    st.sampled_from(
        [
            "a",
            "b\n",
            "\r\n",
            "\r",
            "\b",
            "é",
            "漢",
            "🙂",
            "\x1b[31m",
            "\x1b[0m",
            "\x1b[K",
            "\x1b]0;t\x07",
            "\x1b[2",
            "\x1b",
        ]
    ),
    max_size=20,
).map("".join)


@given(sources, st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_it_does_not_matter_where_a_stream_is_split(source: str, cuts: list[int], each: bool) -> None:
    data = source.encode()
    marks = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [(0, data[start:end]) for start, end in itertools.pairwise(marks)]
    whole, split = read([(0, data)]), read(parts, each=each)
    assert split.texts == whole.texts
    assert [line.runs for line in split.lines] == [line.runs for line in whole.lines]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"])))
def test_text_without_control_characters_comes_back_exactly(text: str) -> None:
    assert "".join(texts(text.encode())) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_encoding_reads_what_it_writes_one_byte_at_a_time(encoding: str) -> None:
    text = "Größe – ok" if encoding == "utf-8" else "plain text 42"
    data = (text + "\n").encode(encoding)
    assert read([(0, bytes([byte])) for byte in data], encoding).texts == [text]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=8), max_size=10),
)
def test_any_split_shows_the_same_and_nothing_is_dropped(encoding: str, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    split = read([(0, data) for data in pieces], encoding).lines
    assert [line.text for line in split] == [line.text for line in read([(0, whole)], encoding).lines]
    text, damaged = visible(decode(whole, encoding))
    assembler = LineAssembler((encoding, encoding))
    assembler.feed(0, 0, 0, 0, whole)
    assembler.end()
    assert assembler.replaced == damaged
    if not any(char < " " or char in "\x7f\u2028\u2029\ufeff\x85" for char in text):
        assert "".join(line.text for line in split) == text


def _with_gap(gap: Gap, pieces: list[Piece], encoding: str = "utf-8") -> list[str]:
    assembler = LineAssembler((encoding, encoding), (gap, None))
    offsets = [0, 0]
    for number, (stream, data) in enumerate(pieces):
        assembler.feed(number, stream, offsets[stream], 0, data)
        offsets[stream] += len(data)
    assembler.end()
    return [line.text for line in assembler.take().lines]


def test_what_was_left_out_is_said_where_it_was() -> None:
    gap = Gap(4, 1_200_000_000)
    left_out = "… 1.1 GB left out …"
    assert _with_gap(gap, [(0, b"a\nb\nc\n")]) == ["a", "b", left_out, "c"]
    assert _with_gap(gap, [(0, b"a\nb\n"), (1, b"x\n"), (0, b"c\n")]) == ["a", "b", "x", left_out, "c"]
    assert _with_gap(gap, [(0, b"a\nb\n")]) == ["a", "b", left_out]
    assert _with_gap(gap, [(0, b"a\nbccc\n")]) == ["a", "bc", left_out, "cc"]


def test_no_character_is_made_of_the_two_sides_of_what_was_left_out() -> None:
    assert _with_gap(Gap(2, 100), [(0, "a\u00e4\u00f6b".encode())]) == [
        "a\\xc3",
        "… 100 B left out …",
        "\u00f6b",
    ]
    wide = "ab".encode("utf-16-le") + "xcd".encode("utf-16-le")[1:]
    assert _with_gap(Gap(4, 7), [(0, wide)], "utf-16-le") == ["ab", "… 7 B left out …", "cd"]


def test_streams_are_told_apart_and_keep_their_order() -> None:
    reader = read([(0, b"out 1\n"), (1, b"err 1\n"), (0, b"part "), (1, b"err 2\n"), (0, b"rest\n")])
    assert [(line.stream, line.text) for line in reader.lines] == [
        (0, "out 1"),
        (1, "err 1"),
        (0, "part "),
        (1, "err 2"),
        (0, "rest"),
    ]
    assert [line.cut for line in reader.lines] == [False, False, True, False, False]
    assert [line.elapsed_ms for line in reader.lines] == [0, 100, 200, 300, 400]


def test_a_character_split_between_pieces_is_not_mixed_with_the_other_stream() -> None:
    euro = "€\n".encode()
    assert read([(0, euro[:1]), (1, b"x\n"), (0, euro[1:])]).texts == ["x", "€"]


def test_an_open_line_is_shown_and_replaced_when_it_goes_on() -> None:
    assembler = LineAssembler()
    assembler.feed(0, 0, 0, 0, b"Wor")
    first = assembler.take()
    assert ([line.text for line in first.lines], first.replaces_last, first.is_open) == (["Wor"], False, True)
    assert assembler.take().lines == first.lines
    assembler.feed(1, 0, 3, 9, b"king\nnext\n")
    second = assembler.take()
    assert [line.text for line in second.lines] == ["Working", "next"]
    assert (second.replaces_last, second.is_open) == (True, False)


def test_a_window_in_the_middle_begins_with_a_whole_character() -> None:
    assembler = LineAssembler()
    assembler.feed(7, 0, 1000, 0, "€uro\n".encode()[1:])
    assert [line.text for line in assembler.take().lines] == ["uro"]


def test_a_very_long_line_is_shown_in_parts() -> None:
    lines = read([(0, b"x" * (2 * LONGEST_LINE + 5) + b"\n")]).lines
    assert [len(line.text) for line in lines] == [LONGEST_LINE, LONGEST_LINE, 5]
    assert [line.cut for line in lines] == [True, True, False]


def test_damaged_characters_are_counted() -> None:
    assembler = LineAssembler()
    assembler.feed(0, 0, 0, 0, b"\xff\xfe\n")
    assert assembler.replaced == 2


@pytest.mark.parametrize(
    ("sequence", "style"),
    [
        ("31", Style(color="red")),
        ("1;92", Style(color="bright-green", bold=True)),
        ("44;3;4", Style(background="blue", italic=True, underline=True)),
        ("103", Style(background="bright-yellow")),
        ("38;5;9", Style(color="bright-red")),
        ("38;5;196", Style(color="#ff0000")),
        ("48;5;244", Style(background="#808080")),
        ("38;2;1;2;300", Style(color="#0102ff")),
        ("38:2:1:2:3", Style(color="#010203")),
        ("38:2::1:2:3;1", Style(color="#010203", bold=True)),
        ("48:5:196", Style(background="#ff0000")),
        ("4:3", Style(underline=True)),
        ("4;4:0", PLAIN),
        ("2;7", Style(faint=True, inverse=True)),
        ("31;0", PLAIN),
        ("", PLAIN),
        ("1;22;3;23;4;24;7;27;31;39;41;49", PLAIN),
        ("38;5", PLAIN),
        ("999", PLAIN),
    ],
)
def test_colours_are_kept(sequence: str, style: Style) -> None:
    line = read([(0, f"\x1b[{sequence}mtext\n".encode())]).lines[0]
    assert line.runs == [("text", style)]


def test_a_colour_lasts_over_lines_until_it_is_reset() -> None:
    lines = read([(0, b"\x1b[31ma\nb\x1b[0mc\n")]).lines
    red = Style(color="red")
    assert [line.runs for line in lines] == [[("a", red)], [("b", red), ("c", PLAIN)]]
