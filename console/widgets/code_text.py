"""Changes of a text that an editor makes for its user, each as one step of undo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtGui import QTextBlock, QTextCursor

INDENT = "    "
_OPENERS = ("{", "(", "[", ":", " then", " do", "{|")


@contextmanager
def one_step(cursor: QTextCursor) -> Iterator[None]:
    cursor.beginEditBlock()
    try:
        yield
    finally:
        cursor.endEditBlock()


def selected_blocks(cursor: QTextCursor) -> list[QTextBlock]:
    """The lines of the selection; a line of which only the beginning is selected does not count."""
    document = cursor.document()
    block = document.findBlock(cursor.selectionStart())
    end = cursor.selectionEnd()
    blocks = [block]
    while block.next().isValid() and block.next().position() < end:
        block = block.next()
        blocks.append(block)
    return blocks


def spans_lines(cursor: QTextCursor) -> bool:
    return len(selected_blocks(cursor)) > 1


def indent(cursor: QTextCursor) -> None:
    _each_line(cursor, lambda line: INDENT + line if line.strip() else line)


def unindent(cursor: QTextCursor) -> None:
    _each_line(cursor, _unindented)


def toggle_comment(cursor: QTextCursor, sign: str) -> None:
    """Comments the lines out, or in when all of them are comments."""
    lines = [block.text() for block in selected_blocks(cursor) if block.text().strip()]
    marked = re.compile(rf"(\s*){re.escape(sign)} ?", re.IGNORECASE)
    if lines and all(marked.match(line) for line in lines):
        _each_line(cursor, lambda line: marked.sub(r"\1", line, count=1))
    else:
        depth = min((len(_lead(line)) for line in lines), default=0)
        _each_line(cursor, lambda line: f"{line[:depth]}{sign} {line[depth:]}" if line.strip() else line)


def insert_tab(cursor: QTextCursor) -> None:
    """Spaces up to the next stop."""
    column = cursor.positionInBlock()
    cursor.insertText(" " * (len(INDENT) - column % len(INDENT)))


def insert_line(cursor: QTextCursor) -> None:
    """A new line with the indentation of this one, one deeper behind something that opens a block."""
    with one_step(cursor):
        cursor.removeSelectedText()
        before = cursor.block().text()[: cursor.positionInBlock()]
        deeper = INDENT if before.rstrip().endswith(_OPENERS) else ""
        cursor.insertText("\n" + _lead(before) + deeper)


def remove_indent_before(cursor: QTextCursor) -> bool:
    """Backspace within the indentation removes one stop; False when there is none to remove."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    if cursor.hasSelection() or not before or before.strip(" "):
        return False
    count = (len(before) - 1) % len(INDENT) + 1
    cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, count)
    cursor.removeSelectedText()
    return True


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unindented(line: str) -> str:
    if line.startswith("\t"):
        return line[1:]
    return line[min(len(INDENT), len(line) - len(line.lstrip(" "))) :]


def _each_line(cursor: QTextCursor, change: Callable[[str], str]) -> None:
    blocks = selected_blocks(cursor)
    editor = QTextCursor(cursor)
    with one_step(editor):
        for block in blocks:
            old, new = block.text(), change(block.text())
            if old != new:
                _replace_start(editor, block, old, new)


def _replace_start(editor: QTextCursor, block: QTextBlock, old: str, new: str) -> None:
    """Changes only the part before the common end, so that selection and cursor stay where they are."""
    common = 0
    while common < min(len(old), len(new)) and old[-1 - common] == new[-1 - common]:
        common += 1
    editor.setPosition(block.position())
    editor.setPosition(block.position() + len(old) - common, QTextCursor.MoveMode.KeepAnchor)
    editor.insertText(new[: len(new) - common])
