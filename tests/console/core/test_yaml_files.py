import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.core.yaml_files import MAX_DEPTH, YamlError, dump, parse

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(" \n\t\ra:#-'\"|>é\x85\u2028\ufeff😀0y"),
    st.sampled_from(
        ["yes", "12:30", "2024-01-01", "0777", "1e3", "~", "", "=", "null", "1_000", "---", "- a"]
    ),
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from("xyz"), inner)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "b", "c"]), VALUES))
@example({"name": "\x85"})
def test_what_is_written_is_read(value: dict[str, object]) -> None:
    assert parse(dump(value)).value == value


def test_words_are_texts_unless_they_can_be_nothing_else() -> None:
    text = "[yes, no, 12:30, 0777, 2024-01-01, 1_000, 0x1f, =, true, 7, -1.5, null, '7']"
    assert parse(text).value == [
        *("yes", "no", "12:30", "0777", "2024-01-01", "1_000", "0x1f", "=", True, 7, -1.5, None, "7")
    ]


def test_texts_of_several_lines_stay_readable() -> None:
    assert dump({"name": "x", "description": "one\ntwo", "tags": ["é 😀"]}) == (
        "name: x\ndescription: |-\n  one\n  two\ntags:\n- é 😀\n"
    )


def test_lines_are_known() -> None:
    document = parse("a: 1\nb:\n- x: 2\n\n- x: 3\n  y: 4\n")
    assert [document.line(path) for path in ("$.a", "$.b", "$.b[0].x", "$.b[1]", "$.b[1].y")] == [
        1,
        2,
        3,
        5,
        6,
    ]
    assert document.line("$.b[1].z.deeper") == 5
    assert document.line("$.c") == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: &x 1\nb: 2", 1, "Anchors"),
        ("a: 1\nb: *x", 2, "Anchors"),
        ("a: !!python/object/apply:os.system [ls]", 1, "Types"),
        ("a: !!int x", 1, "Types"),
        ("a: 1\na: 2", 2, "“a” stands here twice"),
        ("? [a]\n: 1", 1, "A name must stand"),
        ("a: [1\nb: 2", 2, "This is no YAML"),
        ("a: 1\n---\nb: 2", 2, "This is no YAML"),
        ("a: 1\nb: \x07", 2, "holds a character"),
        ("\n" + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), 2, "levels"),
    ],
)
def test_what_is_refused(text: str, line: int, said: str) -> None:
    with pytest.raises(YamlError, match=said) as caught:
        parse(text)
    assert caught.value.line == line


def test_a_bomb_does_not_go_off() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{after}: &{after} [*{before},*{before},*{before},*{before},*{before},*{before},*{before}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(YamlError, match="Anchors"):
        parse(bomb)


def test_depth_is_refused_before_it_hurts() -> None:
    with pytest.raises(YamlError, match="levels"):
        parse("[" * 50_000)


def test_a_number_that_is_too_long_is_a_text() -> None:
    assert parse("9" * 5000).value == "9" * 5000
