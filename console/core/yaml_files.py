"""The part of YAML that the files of this program use, read with its line numbers and written the same way
each time.

Mappings, lists, texts, numbers, true, false and null. Anchors, references and types are refused: a file
cannot grow when it is read, and nothing in it is ever called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from console.core.texts import tr

MAX_DEPTH = 20

_NULL, _BOOLEAN, _INTEGER, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))


class YamlError(Exception):
    """The file cannot be used: a sentence and the line, from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass
class Document:
    """What stands in a file, and in which line: `lines` by paths like `$.parameters[0].name`."""

    value: object = None
    lines: dict[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int:
        """The line of `path`, or of the nearest thing around it that has one."""
        while path not in self.lines and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)


def parse(text: str) -> Document:
    """Raises YamlError."""
    found = Document()
    try:
        node = _Loader(text).get_single_node()
        found.value = None if node is None else _value(node, "$", found.lines)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(line, tr("This line holds a character that no YAML file may hold.")) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or ""
        raise YamlError(mark.line + 1 if mark else 1, tr("This is no YAML: {what}.", what=what)) from None
    return found


def dump(value: object) -> str:
    """The text of a file; the keys of a mapping stay in their order."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    assert isinstance(text, str)
    return text


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlError(line, tr("Anchors and references (& and *) are not used here: write it out."))
        if getattr(event, "tag", None) is not None:
            raise YamlError(line, tr("Types (!) are not used here: put a text that begins with ! in quotes."))
        if self._depth >= MAX_DEPTH:
            raise YamlError(line, tr("More than {limit} levels stand in each other here.", limit=MAX_DEPTH))
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


# Fewer words than YAML 1.1 has: `yes`, `12:30`, `0777` and dates are texts, as whoever wrote them meant.
# Whatever is no text here is none for _Dumper either, which puts such a text in quotes.
for _tag, _words, _first in (
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (_BOOLEAN, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (_INTEGER, r"[-+]?(?:0|[1-9][0-9]{0,18})", list("-+0123456789")),
    (_FLOAT, r"[-+]?[0-9]{1,40}\.[0-9]{0,40}(?:[eE][-+][0-9]{1,3})?", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_words})\Z"), _first)


def _value(node: yaml.Node, path: str, lines: dict[str, int]) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, f"{path}[{n}]", lines) for n, item in enumerate(node.value)]
    text: str = node.value
    if node.tag == _NULL:
        return None
    if node.tag == _BOOLEAN:
        return text.lower() == "true"
    if node.tag == _INTEGER:
        return int(text)
    return float(text) if node.tag == _FLOAT else text


def _mapping(node: yaml.MappingNode, path: str, lines: dict[str, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(line, tr("A name must stand before the colon."))
        if key.value in found:
            raise YamlError(line, tr("“{name}” stands here twice: remove one of them.", name=key.value[:40]))
        lines[f"{path}.{key.value}"] = line
        found[key.value] = _value(item, f"{path}.{key.value}", lines)
    return found


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
