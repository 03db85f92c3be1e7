"""Raw output becomes text without losing a character, whatever it is and however it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.encodings import ENCODINGS, Decoder, decode, guess, marked, visible

WESTERN = "Die Datei wurde nicht gefunden: Prüfen Sie den Pfad für das Gerät und die Größe."
FRENCH = "Le périphérique n'est pas prêt. Fichier créé à l'adresse demandée."
POLISH = "Nie można odnaleźć określonego pliku. Zażółć gęślą jaźń"
RUSSIAN = "Не удается найти указанный файл. Ошибка"
JAPANESE = "指定されたファイルが見つかりません。エラー"
CHINESE = "系统找不到指定的文件。 错误"


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=8))
def test_any_split_gives_the_same_text(encoding: str, data: bytes, cuts: list[int]) -> None:
    decoder, text, at = Decoder(encoding), "", 0
    for cut in sorted(cuts):
        text += decoder.decode(data[at:cut])
        at = max(at, cut)
    text += decoder.decode(data[at:], final=True)
    assert text == decode(data, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.binary(max_size=60))
def test_every_byte_that_is_no_text_is_seen(encoding: str, data: bytes) -> None:
    text, damaged = visible(decode(data, encoding))
    lost = [char for char in decode(data, encoding) if "\udc00" <= char <= "\udcff"]
    assert damaged == len(lost)
    assert all(f"\\x{ord(char) - 0xDC00:02x}" in text for char in lost)
    text.encode("utf-8")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=st.text(max_size=40))
def test_every_character_of_an_encoding_comes_back(encoding: str, text: str) -> None:
    raw = text.encode(encoding, "ignore")
    assert decode(raw, encoding).encode(encoding) == raw


def test_the_euro_of_the_chinese_code_page_is_one() -> None:
    assert decode(b"\x80 5", "cp936") == "€ 5"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words\n", "utf-8"),
        ("Grüße, 世界, 🙂\n", "utf-8"),
        ("C:\\Users\\x\r\n", "utf-16-le"),
        ("世界你好\r\nabc\r\n", "utf-16-le"),
        (WESTERN, "cp850"),
        (WESTERN, "cp1252"),
        (FRENCH, "cp850"),
        (FRENCH, "cp1252"),
        ("It’s a “test” – done", "cp1252"),
        ("¿desea continuar? Años", "cp850"),
        (POLISH, "cp852"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "cp932"),
        (CHINESE, "cp936"),
        ("╔════╗\n║ Ok ║\n╚════╝", "cp437"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    assert decode(raw, guess(raw)) == text


def test_a_mark_names_the_encoding() -> None:
    assert marked("x".encode("utf-8-sig")) == "utf-8"
    assert marked("\ufeffx".encode("utf-16-le")) == "utf-16-le"
    assert marked(b"x") is None


def test_a_cut_through_a_character_is_no_damage() -> None:
    raw = ("é世🙂" * 100).encode()
    for start in range(1, 9):
        assert guess(raw[start:-start], begins_inside=True) == "utf-8"


def test_a_stray_byte_among_whole_characters_does_not_change_the_encoding() -> None:
    assert guess("Größe ".encode() * 50 + b"\xff" + "Größe ".encode() * 50) == "utf-8"


@given(st.binary(max_size=300))
def test_something_is_always_guessed(data: bytes) -> None:
    assert guess(data, begins_inside=True) in ENCODINGS
