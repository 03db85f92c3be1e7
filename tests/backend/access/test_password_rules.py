"""Which passwords are refused, and that no kind of password is asked for."""

from __future__ import annotations

import random
import string

import pytest

from backend_lite.errors import InvalidError
from backend_lite.features.access.password_rules import check_new_password

ABOUT = ("countess-lovelace", "ada@babbage.example", "Ada King")
TRIED_FIRST = """
123456789012 1234567890123 098765432109 111111111111 121212121212 123123123123 112233445566 147258369147
qwertyuiop12 qwertyuiop123 qwerty123456 qwertyqwerty qwertzuiop12 asdfghjkl123 zxcvbnm12345 abcdefghijkl
1q2w3e4r5t6y q1w2e3r4t5y6 1qaz2wsx3edc !QAZ2wsx3edc zaq1zaq1zaq1 a1b2c3d4e5f6 qweasdzxc123 1234qwerasdf
password1234 password12345 Password123! passwordpassword passw0rd1234 P@ssw0rd1234 pa$$word2024 Passwort!2024
iloveyou2024! iloveyouforever letmein12345 Welcome2023! welcome12345 Summer2024!! Winter2025!Winter
monkey123456 dragon123456 master123456 shadow123456 sunshine1234 princess1234 football1234 baseball12345
superman1234 batmanbatman starwars1234 metallica123 liverpool123 liverpoolfc1892 manchester12 chelseachelsea
michael12345 charlie12345 jennifer1985 christopher1 alexander1990! jesuschrist1 whatever1234 trustno1trustno1
motherfucker unbelievable photographer international1 skateboarding abc123abc123 asdfasdfasdf 1234567890qwerty
Administrator1! administrator changemechangeme Server2026!! service-desk-1 root1234root
"""
ABOUT_US = "DeployFlow2026! deployflow-admin deployflow1234 D3ployFl0w!! DeployFlow-Agent"
ABOUT_THE_PERSON = (
    "countess-lovelace1 Lovelace1815! babbage.example1 ada@babbage.example AdaKing123456 c0untess2026!"
)


@pytest.mark.parametrize("password", f"{TRIED_FIRST} {ABOUT_US} {ABOUT_THE_PERSON}".split())
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidError, match="among the first that are tried"):
        check_new_password(password, *ABOUT)


@pytest.mark.parametrize("repeated", ["password", "changeme ", "ab", "1qaz"])
def test_more_of_the_same_is_no_better(repeated: str) -> None:
    with pytest.raises(InvalidError):
        check_new_password(repeated * 100, *ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        "four unrelated words",
        "correct horse battery staple",
        "monkey dragon sunshine football",
        "  Größe zählt, doch  ",
        "das blaue sofa am bahnhof",
        "пять зелёных лодок",
        "五隻綠色的船在河上漂流著呢",
        "password" * 8 + "x7Kq!m2Rz9Lp",
        "x" * 63 + "x7Kq!m2Rz9Lp",
        "f4e1d0b98c27",
        "qmxwtzhjvkbp",
        "QMXWTZHJVKBP",
        "73918467305183",
        "!)§=&?ß{+*~#",
    ],
)
def test_any_kind_of_password_will_do(password: str) -> None:
    check_new_password(password, *ABOUT)


@pytest.mark.parametrize("length", [12, 16, 64, 1_000])
def test_chance_is_good_enough_at_every_length(length: int) -> None:
    chance = random.Random(length)  # noqa: S311 - the same ones in every run
    for _ in range(50):
        check_new_password("".join(chance.choices(string.ascii_letters + string.digits, k=length)), *ABOUT)


def test_short_ones_are_told_how_long_they_must_be() -> None:
    with pytest.raises(InvalidError, match="has 11 characters; it needs at least 12"):
        check_new_password("x7Kq!m2Rz9L", *ABOUT)


def test_nothing_known_of_a_person_forbids_nothing() -> None:
    check_new_password("x7Kq!m2Rz9Lp", "", "x", "7")
