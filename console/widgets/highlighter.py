"""Highlighting by a parser that only looks again at what was changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from console.shell.theme import theme
from console.shell.tokens import Tokens
from console.widgets.code_languages import Span, cmd_spans, parser_and_query

if TYPE_CHECKING:
    import tree_sitter

_SLICE_S = 0.006
_QUICKLY_PARSED = 100_000
"""Bytes that are parsed in some milliseconds."""
_AT_ONCE = 200
"""Lines highlighted before the first paint; the others follow in slices."""


class CodeTree:
    """The syntax tree of a document, kept up to date. Positions are UTF-16 units, as Qt counts them."""

    def __init__(self, document: QTextDocument, language: str) -> None:
        found = parser_and_query(language)
        assert found is not None
        self._parser, self._query = found
        self._document = document
        self._source = _source(document)
        self._tree = self._parser.parse(self._source, encoding="utf16le")

    @property
    def has_errors(self) -> bool:
        return self._tree.root_node.has_error

    def edited(self, position: int, removed: int, added: int) -> list[tuple[int, int]]:
        """Takes a change; answers the (first, last) lines outside of it that look different now."""
        old, self._source = self._source, _source(self._document)
        if old == self._source:
            return []
        # Qt counts the end of the last paragraph in; the parser knows no such character.
        removed = min(removed, len(old) // 2 - position)
        added = min(added, len(self._source) // 2 - position)
        before, start = self._tree, self._point(position)
        lines = _text(old[position * 2 : (position + removed) * 2]).split("\n")
        width = len(lines[-1].encode("utf-16-le", "surrogatepass"))
        old_end = (start[0] + len(lines) - 1, width if len(lines) > 1 else start[1] + width)
        before.edit(
            position * 2,
            (position + removed) * 2,
            (position + added) * 2,
            start,
            old_end,
            self._point(position + added),
        )
        # How the parser got over a mistake can stay in what it reuses: begin anew while that is quick.
        anew = before.root_node.has_error and len(self._source) < _QUICKLY_PARSED
        if anew:
            self._tree = self._parser.parse(self._source, encoding="utf16le")
        else:
            self._tree = self._parser.parse(self._source, before, encoding="utf16le")
        return [(part.start_point.row, part.end_point.row) for part in before.changed_ranges(self._tree)]

    def spans(self, first: int, last: int) -> dict[int, list[Span]]:
        """The spans of the lines `first` to `last`, outer ones before inner ones."""
        import tree_sitter

        cursor = tree_sitter.QueryCursor(self._query)
        cursor.set_point_range(tree_sitter.Point(first, 0), tree_sitter.Point(last + 1, 0))
        found: list[tuple[int, int, tree_sitter.Node, str]] = []
        for style, nodes in cursor.captures(self._tree.root_node).items():
            found.extend((node.start_byte, -node.end_byte, node, style) for node in nodes)
        found.sort(key=lambda item: item[:2])
        lines: dict[int, list[Span]] = {}
        for _start, _end, node, style in found:
            _put(lines, node, style, first, last)
        return lines

    def _point(self, position: int) -> tuple[int, int]:
        block = self._document.findBlock(min(position, self._document.characterCount() - 1))
        return block.blockNumber(), (position - block.position()) * 2


def raw_text(document: QTextDocument) -> str:
    """The text as it was typed: `toPlainText` would turn no-break spaces into spaces."""
    return document.toRawText().replace("\u2029", "\n").replace("\u2028", "\n")


def _source(document: QTextDocument) -> bytes:
    return raw_text(document).encode("utf-16-le", "surrogatepass")


def _text(source: bytes) -> str:
    return source.decode("utf-16-le", "surrogatepass")


def _put(lines: dict[int, list[Span]], node: tree_sitter.Node, style: str, first: int, last: int) -> None:
    start, end = node.start_point, node.end_point
    for line in range(max(start.row, first), min(end.row, last) + 1):
        begins = start.column // 2 if line == start.row else 0
        ends = end.column // 2 if line == end.row else -1
        lines.setdefault(line, []).append((begins, ends, style))


class CodeHighlighter(QSyntaxHighlighter):
    """`language` is one of LANGUAGES, or empty for plain text."""

    def __init__(self, document: QTextDocument) -> None:
        # Connected before the highlighter's own slot, so that the tree is right when lines are painted.
        document.contentsChange.connect(self._edited)
        super().__init__(document)
        self.language = ""
        self._tree: CodeTree | None = None
        self._ready: dict[int, list[Span]] = {}
        self._formats = _formats(theme().tokens)
        self._waiting: list[tuple[int, int]] = []
        self._slicer = QTimer(self)
        self._slicer.setInterval(0)
        self._slicer.timeout.connect(self._next_slice)
        theme().changed.connect(self._restyle)

    def set_language(self, language: str) -> None:
        if language != self.language:
            self.language = language
            self.start()

    def start(self) -> None:
        """Parses the whole document, after a text or a language was set."""
        has_tree = self.language and parser_and_query(self.language) is not None
        self._tree = CodeTree(self.document(), self.language) if has_tree else None
        last = self.document().blockCount() - 1
        self._waiting = [(0, last)]
        self._take_lines(_AT_ONCE)
        if self._waiting:
            self._slicer.start()

    @property
    def pending(self) -> bool:
        """True while lines out of sight are still to be highlighted."""
        return bool(self._waiting)

    def highlightBlock(self, text: str) -> None:
        for start, end, style in self._spans(self.currentBlock().blockNumber(), text):
            until = len(text.encode("utf-16-le", "surrogatepass")) // 2 if end < 0 else end
            if style in self._formats:
                self.setFormat(start, until - start, self._formats[style])

    def _spans(self, line: int, text: str) -> Iterable[Span]:
        if self._tree is not None:
            known = self._ready.get(line)
            return self._tree.spans(line, line).get(line, ()) if known is None else known
        return cmd_spans(text) if self.language else ()

    def _edited(self, position: int, removed: int, added: int) -> None:
        if self._tree is None or not (removed or added):
            return
        self._ready = {}
        ranges = self._tree.edited(position, removed, added)
        if self._waiting:
            # The lines that wait may have other numbers now.
            ranges = [(min(first for first, _last in self._waiting + ranges), self.document().blockCount())]
        self._waiting = ranges
        if self._waiting:
            # Not now: the document is in the middle of its own change.
            self._slicer.start()

    def _next_slice(self) -> None:
        until = time.perf_counter() + _SLICE_S
        while self._waiting and time.perf_counter() < until:
            self._take_lines(40)
        if not self._waiting:
            self._slicer.stop()

    def _take_lines(self, count: int) -> None:
        first, last = self._waiting.pop(0)
        last = min(last, self.document().blockCount() - 1)
        end = min(first + count - 1, last)
        if first > end:
            return
        if self._tree is not None:
            spans = self._tree.spans(first, end)
            self._ready = {line: spans.get(line, []) for line in range(first, end + 1)}
        block = self.document().findBlockByNumber(first)
        while block.isValid() and block.blockNumber() <= end:
            self.rehighlightBlock(block)
            block = block.next()
        self._ready = {}
        if end < last:
            self._waiting.insert(0, (end + 1, last))

    def _restyle(self) -> None:
        self._formats = _formats(theme().tokens)
        self._waiting = [(0, self.document().blockCount() - 1)]
        self._slicer.start()


def _formats(tokens: Tokens) -> dict[str, QTextCharFormat]:
    return {
        "comment": _format(tokens.syntax_comment, italic=True),
        "string": _format(tokens.syntax_string),
        "number": _format(tokens.syntax_number),
        "variable": _format(tokens.syntax_variable),
        "command": _format(tokens.syntax_command),
        "parameter": _format(tokens.muted),
        "type": _format(tokens.syntax_type),
        "keyword": _format(tokens.syntax_keyword, strong=True),
        "plain": _format(tokens.text),
    }


def _format(color: QColor, *, italic: bool = False, strong: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(color)
    made.setFontItalic(italic)
    if strong:
        made.setFontWeight(QFont.Weight.DemiBold)
    return made
