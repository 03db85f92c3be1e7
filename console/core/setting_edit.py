"""Settings as a person edits them: what stands in the inputs, and what it means to the service."""

from __future__ import annotations

import math

from backend_lite.contract.settings import MASKED, SettingForm, SettingType, SettingValue
from console.core.texts import tr

Raw = str | bool | None
"""What an input holds; None for a secret that is left as it is."""
LONG_TEXT = 1_000
"""A text that may be longer than this is written in several lines."""


def name_of(form: SettingForm) -> str:
    return f"{form.group}.{form.key}"


def raw_of(form: SettingForm, value: SettingValue | None = None) -> Raw:
    """What the input shows for a value, or for the one that is stored."""
    if form.type is SettingType.SECRET:
        return None
    shown = form.value if value is None else value
    if form.type is SettingType.BOOLEAN:
        return bool(shown)
    if isinstance(shown, list):
        return "\n".join(shown)
    return plain_number(shown) if form.type is SettingType.NUMBER else str(shown)


def wrong(form: SettingForm, raw: Raw) -> str:
    """The sentence that says what is not right; empty where all is."""
    if form.type is SettingType.NUMBER:
        return _wrong_number(form, str(raw))
    if form.type is SettingType.TEXT and isinstance(raw, str):
        return _wrong_length(form, raw)
    return ""


def value_of(form: SettingForm, raw: Raw) -> SettingValue:
    """What is sent. Only for what is not wrong."""
    if form.type is SettingType.SECRET:
        return MASKED if raw is None else str(raw)
    if form.type is SettingType.BOOLEAN:
        return bool(raw)
    text = str(raw)
    if form.type is SettingType.NUMBER:
        number = _number(text)
        assert number is not None
        return int(number) if number == int(number) and _is_whole(form) else number
    if form.type is SettingType.LIST:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.strip() if form.type is SettingType.TEXT else text


def is_default(form: SettingForm, raw: Raw) -> bool:
    return form.type is SettingType.SECRET or raw == raw_of(form, form.default)


def default_words(form: SettingForm) -> str:
    """The default as a person reads it."""
    if form.type is SettingType.BOOLEAN:
        return tr("on") if form.default else tr("off")
    words = str(raw_of(form, form.default)).replace("\n", ", ")
    return f"{words} {form.unit}".strip() or tr("empty")


def limit_words(form: SettingForm) -> str:
    if form.type is not SettingType.NUMBER or form.least is None or form.most is None:
        return ""
    limits = {"least": plain_number(form.least), "most": plain_number(form.most), "unit": form.unit}
    return tr("{least} to {most} {unit}", **limits).strip()


def matches(form: SettingForm, text: str) -> bool:
    """Whether a search finds it: every word somewhere in what is written about it."""
    told = f"{form.title} {form.key} {form.help} {' '.join(form.choices)}".casefold()
    return all(word in told for word in text.casefold().split())


def plain_number(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_whole(form: SettingForm) -> bool:
    # The service's JSON writes 1.0 for what is not whole.
    return isinstance(form.default, int) or not isinstance(form.default, float)


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _wrong_number(form: SettingForm, text: str) -> str:
    number = _number(text)
    limits = limit_words(form) or tr("any number")
    if number is None:
        return tr("Write a number: {limits}.", limits=limits)
    too_small = form.least is not None and number < form.least
    if too_small or (form.most is not None and number > form.most):
        return tr("Out of range: {limits}.", limits=limits)
    if form.group != "custom" and _is_whole(form) and number != int(number):
        return tr("Write a whole number: {limits}.", limits=limits)
    return ""


def _wrong_length(form: SettingForm, text: str) -> str:
    length = len(text.strip())
    if form.least and length < form.least:
        return tr("This cannot be empty.")
    if form.most is not None and length > form.most:
        return tr("Too long: {most} characters at most.", most=f"{form.most:,.0f}")
    return ""
