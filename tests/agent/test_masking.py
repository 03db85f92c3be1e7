"""Secrets leave no trace in the output, however it arrives."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from agent.masking import Masker, code_pages

# Few letters, so that secrets overlap with themselves, with each other and with the text.
LETTERS = st.text("abß\n", min_size=1, max_size=7)
SECRETS = st.lists(LETTERS, min_size=1, max_size=4)
ENCODINGS = ("utf-8", "utf-16-le", "cp850", "cp1252")


def masked(secrets: list[str], pieces: list[bytes]) -> bytes:
    masker = Masker(secrets, ENCODINGS)
    return b"".join([*(masker.feed(piece) for piece in pieces), masker.end()])


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


@given(SECRETS, st.lists(LETTERS | st.just("."), max_size=12), st.sampled_from(ENCODINGS), st.data())
def test_it_does_not_matter_how_the_output_is_cut(
    secrets: list[str], texts: list[str], encoding: str, data: st.DataObject
) -> None:
    raw = "".join([*texts, *secrets]).encode(encoding)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    assert masked(secrets, cut(raw, cuts)) == masked(secrets, [raw])


@given(SECRETS, st.lists(LETTERS | st.just("."), max_size=12), st.sampled_from(ENCODINGS), st.data())
@example(["abab", "baba"], ["ababab"], "utf-8", None)
def test_no_secret_is_left_and_everything_else_is(
    secrets: list[str], texts: list[str], encoding: str, data: st.DataObject | None
) -> None:
    text = "".join(texts)
    raw = text.encode(encoding)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8)) if data else [1, 3]
    pieces = masked(secrets, cut(raw, cuts)).split("***".encode(encoding))
    long_ones = [secret for secret in secrets if len(secret) >= 4]
    assert not any(secret.encode(encoding) in piece for secret in long_ones for piece in pieces)
    assert b"".join(pieces) == without(text, long_ones).encode(encoding)


def without(text: str, secrets: list[str]) -> str:
    """The text without every letter that is in a secret or in a line of one, looked at one by one."""
    hidden: set[int] = set()
    for secret in {part for one in secrets for part in (one, *one.split("\n")) if len(part) >= 4}:
        for begin in range(len(text)):
            if text.startswith(secret, begin):
                hidden.update(range(begin, begin + len(secret)))
    return "".join(letter for place, letter in enumerate(text) if place not in hidden)


def test_what_cannot_be_a_secret_any_more_goes_on_at_once() -> None:
    masker = Masker(["secret"], ())
    assert [masker.feed(piece) for piece in (b"one s", b"ec", b"tion sec")] == [b"one ", b"", b"section "]
    assert [masker.feed(b"ret!"), masker.end()] == [b"***!", b""]


def test_a_secret_of_several_lines_is_found_line_by_line_with_either_line_end() -> None:
    key = "first line\nsecond line\r\nend"
    printed = b"first line\r\nsecond line\r\nend.\nsecond line|"
    assert masked([key], [printed]) == b"***.\n***|"


def test_short_secrets_stay() -> None:
    assert masked(["abc", "abcd"], [b"abc abcd"]) == b"abc ***"


def test_overlapping_secrets_leave_nothing_between_them() -> None:
    assert masked(["abcdef", "defghi"], [b"xabcdefghix abcdefdefghi"]) == b"x***x ******"


def test_the_consoles_code_pages_are_known() -> None:
    assert all("x".encode(name) for name in code_pages())
