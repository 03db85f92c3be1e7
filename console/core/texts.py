"""Every visible text goes through `tr`, also outside of widgets."""

from __future__ import annotations

from collections.abc import Callable

Translator = Callable[[str], str]


def _as_it_is(source: str) -> str:
    return source


_translator: list[Translator] = [_as_it_is]


def install_translator(translator: Translator) -> None:
    """`translator` gives the text of the user's language for an English source text."""
    _translator[0] = translator


def tr(source: str, **values: object) -> str:
    """The text of the user's language, with `{name}` places filled from `values`."""
    text = _translator[0](source)
    return text.format(**values) if values else text


def plural(count: int, one: str, many: str, **values: object) -> str:
    """`one` or `many` by `count`; both may use `{count}`, which is written with thousands separators."""
    return tr(one if count == 1 else many, count=f"{count:,}", **values)
