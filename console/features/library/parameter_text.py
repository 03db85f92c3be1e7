"""Declared parameters as text: what the script calls them, and what changed about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backend_lite.contract.library import Language
from backend_lite.contract.parameters import ParameterType, ScriptParameter
from console.core.texts import tr
from console.features.library.edited import Edited
from console.features.library.parameter_list import default_text, type_word
from console.widgets.parameter_inputs import range_words

_FORMS = {
    Language.POWERSHELL: ("$env:DF_{name}",),
    Language.BASH: ("${{DF_{name}}}", "$DF_{name}"),
    Language.SH: ("${{DF_{name}}}", "$DF_{name}"),
    Language.CMD: ("%DF_{name}%",),
    Language.PYTHON: ('os.environ["DF_{name}"]',),
}


def name_forms(language: str, names: Iterable[str]) -> list[str]:
    """How a script of that language names each parameter. In PowerShell it may also be one of `param()`."""
    forms: list[str] = []
    for name in names:
        if language == Language.POWERSHELL:
            forms.append(f"${name}")
        if language in _FORMS:
            forms += [form.format(name=name.upper()) for form in _FORMS[Language(language)]]
    return forms


def texts_to_compare(old: Edited, new: Edited) -> tuple[str, str]:
    """Both scripts; what besides their text differs stands around it."""
    parts = [part for part in ("parameters", "detect", "undo") if getattr(old, part) != getattr(new, part)]
    return _text(old, parts), _text(new, parts)


def whole_text(edited: Edited) -> str:
    """The script with what detects and undoes, where there is any."""
    return _text(edited, [part for part in ("detect", "undo") if getattr(edited, part)])


def _text(edited: Edited, parts: Sequence[str]) -> str:
    lines: list[str] = []
    if "parameters" in parts:
        lines += [tr("Parameters:"), *(f"  {described(one)}" for one in edited.parameters), ""]
    lines.append(edited.content)
    for part, title in (("detect", tr("# ---- Detect ----")), ("undo", tr("# ---- Undo ----"))):
        if part in parts:
            lines += ["", title, getattr(edited, part)]
    return "\n".join(lines)


def described(parameter: ScriptParameter) -> str:
    """One parameter in one line."""
    parts = [type_word(parameter.type).lower()]
    if parameter.required:
        parts.append(tr("required"))
    if parameter.type is ParameterType.CHOICE:
        parts.append(tr("one of {choices}", choices=_listed(parameter.choices)))
    if bounds := range_words(parameter):
        parts.append(bounds.rstrip("."))
    if default := default_text(parameter):
        parts.append(tr("default {value}", value=default))
    parts += [f"“{text}”" for text in (parameter.label, parameter.description) if text]
    return f"{parameter.name}: {', '.join(parts)}"


def _listed(choices: Sequence[str]) -> str:
    return " | ".join(choices)
