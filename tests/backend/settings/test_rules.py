"""What a declared setting takes: it comes back as it was given, and all else is refused with the limit."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lite.contract.settings import SettingType
from backend_lite.errors import InvalidError
from backend_lite.features.settings.declared import BY_NAME, DECLARED, GROUP_NAMES, Declared
from backend_lite.features.settings.rules import checked, checked_custom, same_kind, type_of

ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=80),
    st.text(min_size=190, max_size=230),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
LIST = Declared("general", "of_this_test", SettingType.LIST, [], "Some texts", "", most=3)
EVERY = [*DECLARED, LIST]


def right_values(setting: Declared) -> st.SearchStrategy[Any]:
    match setting.type:
        case SettingType.NUMBER:
            assert setting.least is not None and setting.most is not None
            if setting.is_whole:
                return st.integers(int(setting.least), int(setting.most))
            return st.floats(setting.least, setting.most)
        case SettingType.BOOLEAN:
            return st.booleans()
        case SettingType.CHOICE:
            return st.sampled_from(setting.choices)
        case SettingType.LIST:
            return st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), max_size=3)
        case _:
            shown = st.characters(exclude_categories=["C", "Z"])
            texts = st.text(shown, min_size=int(setting.least or 0), max_size=min(int(setting.most or 9), 60))
            return st.just("") | texts.map("https://".__add__) if setting.https else texts


@pytest.mark.parametrize("setting", EVERY, ids=lambda one: one.name)
def test_every_right_value_is_kept_as_it_is(setting: Declared) -> None:
    @settings(max_examples=25)
    @given(right_values(setting))
    def keeps(value: Any) -> None:
        kept = checked(setting, value)
        assert kept == value
        assert checked(setting, json.loads(json.dumps(kept))) == kept

    keeps()


@pytest.mark.parametrize("setting", EVERY, ids=lambda one: one.name)
def test_whatever_is_given_is_kept_or_refused_with_a_sentence_that_names_the_limit(setting: Declared) -> None:
    @settings(max_examples=50)
    @given(ANYTHING)
    def decides(value: Any) -> None:
        try:
            kept = checked(setting, value)
        except InvalidError as refusal:
            assert setting.title in refusal.detail and refusal.detail.endswith(".")
            assert _limit_of(setting) in refusal.detail
        else:
            assert kept == value and _is_within(setting, kept)

    decides()


@pytest.mark.parametrize("setting", DECLARED, ids=lambda one: one.name)
def test_defaults_are_allowed_and_declarations_whole(setting: Declared) -> None:
    assert checked(setting, setting.default) == setting.default
    assert setting.group in GROUP_NAMES and setting.title and setting.help.endswith(".")
    assert not setting.needs or BY_NAME[setting.needs].type is SettingType.BOOLEAN


@given(ANYTHING)
def test_a_custom_value_is_kept_or_refused(value: Any) -> None:
    try:
        kept = checked_custom("x", value)
    except InvalidError as refusal:
        assert '"x"' in refusal.detail
    else:
        assert json.loads(json.dumps(kept)) == value
        assert type_of(kept) in SettingType


@pytest.mark.parametrize(("old", "new"), [(1, "1"), (True, 1), ("x", ["x"]), (1.5, True)])
def test_a_custom_setting_stays_of_its_type(old: object, new: object) -> None:
    with pytest.raises(InvalidError, match="Delete it first"):
        same_kind("x", old, new)
    same_kind("x", old, old)


def _limit_of(setting: Declared) -> str:
    match setting.type:
        case SettingType.NUMBER:
            return f"{setting.most:,.0f}"
        case SettingType.BOOLEAN:
            return "true or false"
        case SettingType.CHOICE:
            return setting.choices[-1]
        case _:
            # A text may also be refused for a character, and then that is what is said.
            return "" if setting.type is not SettingType.LIST else f"{setting.most:.0f}"


def _is_within(setting: Declared, value: Any) -> bool:
    if setting.type is SettingType.NUMBER:
        assert setting.least is not None and setting.most is not None
        return math.isfinite(value) and setting.least <= value <= setting.most
    if setting.type in (SettingType.TEXT, SettingType.SECRET, SettingType.LIST):
        return len(value) <= (setting.most or 0)
    return True
