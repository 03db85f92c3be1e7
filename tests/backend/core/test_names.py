"""Names: in one line, compared as people read them, free where a copy needs one."""

import pytest

from backend_lite.core.names import checked_name, free_name, name_key
from backend_lite.errors import InvalidError

JOINED = (
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "\u2764\ufe0f\u200d\U0001f525",
    "\u0600\u0661",
)
"""Persian, Sinhala, an emoji of two, and an Arabic sign that is seen."""


@pytest.mark.parametrize("name", ["a/b\\c", 'it\'s "so"', "🧹 Clean 👩‍💻", "Ünïcode", "n" * 200, *JOINED])
def test_people_may_call_things_what_they_like(name: str) -> None:
    assert checked_name(f"  {name}\n") == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "A script needs a name."),
        (" \t", "A script needs a name."),
        ("n" * 300, "The name has 300 characters; at most 200 are allowed."),
        ("bell\a", "The name holds a control character; type it again."),
    ],
)
def test_what_is_no_name_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(InvalidError) as refused:
        checked_name(name, what="A script")
    assert refused.value.detail == sentence


@pytest.mark.parametrize(
    "character",
    [
        "\u202e",
        "\u2066",
        "\u2069",
        "\u200f",
        "\u200b",
        "\u2060",
        "\u00ad",
        "\ufeff",
        "\u200c",
        "\u200d",
        "\U000e0041",
    ],
)
def test_what_is_not_seen_but_changes_what_is_is_refused(character: str) -> None:
    for name in (f"pay{character}roll", f"{character}payroll", f"payroll{character}"):
        with pytest.raises(InvalidError) as refused:
            checked_name(name)
        code = f"U+{ord(character):04X}"
        assert refused.value.detail == f"The name holds an invisible character ({code}); type it again."


def test_one_joiner_joins() -> None:
    with pytest.raises(InvalidError, match=r"U\+200D"):
        checked_name("\u0dc1\u0dca\u200d\u200d\u0dbb")


def test_names_are_compared_as_people_read_them() -> None:
    assert name_key("STRASSE ﬁ") == name_key("straße fi")
    assert len(name_key("ﷺ" * 200)) == 400


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [
        ("Clean", (), "Clean (copy)"),
        ("Clean", ("CLEAN (copy)",), "Clean (copy 2)"),
        ("Clean (copy)", ("Clean (copy)",), "Clean (copy 2)"),
        ("Clean (copy 2)", ("Clean (copy)", "Clean (copy 2)"), "Clean (copy 3)"),
        ("n" * 200, (), "n" * 193 + " (copy)"),
    ],
)
def test_a_copy_gets_a_name_that_is_free(name: str, taken: tuple[str, ...], free: str) -> None:
    assert free_name(name, {name_key(one) for one in taken}) == free
