"""The script editor as a person meets it."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from console.widgets.code_edit import CodeEdit
from console.widgets.code_languages import LANGUAGES, cmd_spans
from console.widgets.highlighter import CodeTree, raw_text

KEY = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Make = Callable[..., CodeEdit]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def made(text: str = "", language: str = "powershell") -> CodeEdit:
        editor = CodeEdit("Script")
        qtbot.addWidget(editor)
        editor.resize(700, 400)
        editor.set_language(language)
        editor.load(text)
        with qtbot.waitActive(editor):
            editor.show()
            editor.activateWindow()
        editor.edit.setFocus()
        return editor

    return made


def select(editor: CodeEdit, start: int, end: int) -> None:
    cursor = editor.edit.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    editor.edit.setTextCursor(cursor)


def colors(editor: CodeEdit, line: int) -> dict[str, str]:
    """The words of a line with the colours they are painted in."""
    block = editor.edit.document().findBlockByNumber(line)
    return {
        block.text()[part.start : part.start + part.length]: part.format.foreground().color().name()
        for part in block.layout().formats()
    }


# ---- typing


def test_enter_keeps_the_indentation_and_goes_deeper_behind_an_opening(make: Make) -> None:
    editor = make()
    QTest.keyClicks(editor.edit, "    if (1) {")
    QTest.keyClick(editor.edit, KEY.Key_Return)
    QTest.keyClicks(editor.edit, "x")
    QTest.keyClick(editor.edit, KEY.Key_Return)
    assert editor.text() == "    if (1) {\n        x\n        "


def test_tab_goes_to_the_next_stop_and_backspace_comes_back(make: Make) -> None:
    editor = make()
    QTest.keyClicks(editor.edit, "ab")
    QTest.keyClick(editor.edit, KEY.Key_Tab)
    assert editor.text() == "ab  "
    editor.load("")
    QTest.keyClick(editor.edit, KEY.Key_Tab)
    QTest.keyClick(editor.edit, KEY.Key_Tab)
    QTest.keyClick(editor.edit, KEY.Key_Backspace)
    assert editor.text() == "    "


def test_several_lines_are_indented_and_back_in_one_step_each(make: Make) -> None:
    text = "a\n\n  b\nc"
    editor = make(text)
    select(editor, 0, 6)
    QTest.keyClick(editor.edit, KEY.Key_Tab)
    assert editor.text() == "    a\n\n      b\nc"
    QTest.keyClick(editor.edit, KEY.Key_Backtab, SHIFT)
    assert editor.text() == text
    editor.edit.undo()
    editor.edit.undo()
    assert not editor.modified


@pytest.mark.parametrize(("language", "sign"), [("powershell", "#"), ("cmd", "rem")])
def test_lines_are_commented_out_and_in(make: Make, language: str, sign: str) -> None:
    text = "if x\n    y\n"
    editor = make(text, language)
    select(editor, 0, len(text) - 1)
    QTest.keyClick(editor.edit, KEY.Key_Slash, CONTROL)
    assert editor.text() == f"{sign} if x\n{sign}     y\n"
    QTest.keyClick(editor.edit, KEY.Key_Slash, CONTROL)
    assert editor.text() == text


def test_home_goes_to_the_first_letter_and_then_to_the_beginning(make: Make) -> None:
    editor = make("    word")
    editor.edit.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClick(editor.edit, KEY.Key_Home)
    assert editor.edit.textCursor().position() == 4
    QTest.keyClick(editor.edit, KEY.Key_Home)
    assert editor.edit.textCursor().position() == 0


def test_pasted_text_is_plain_and_has_the_editors_line_ends(make: Make) -> None:
    editor = make()
    pasted = QMimeData()
    pasted.setText("a\r\nb\rc")
    pasted.setHtml("<b>other</b>")
    QApplication.clipboard().setMimeData(pasted)
    editor.edit.paste()
    assert editor.text() == "a\nb\nc"


# ---- what is kept


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\r\nb\r\n", "mixed\r\nends\n", "no\u00a0break", "tab\there", "emoji 🙂\n"]
)
def test_an_untouched_script_comes_back_as_it_was(make: Make, text: str) -> None:
    editor = make(text)
    assert editor.text() == text
    assert not editor.modified


def test_a_touched_script_keeps_its_line_ends_and_its_characters(make: Make) -> None:
    editor = make("a\r\nno\u00a0break 🙂\r\n")
    editor.edit.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor.edit, "x")
    assert editor.text() == "xa\r\nno\u00a0break 🙂\r\n"


def test_the_dirty_mark_comes_with_a_change_and_goes_with_undo(make: Make, qtbot: QtBot) -> None:
    editor = make("a")
    with qtbot.waitSignal(editor.modified_changed) as changed:
        QTest.keyClicks(editor.edit, "b")
    assert changed.args == [True]
    with qtbot.waitSignal(editor.modified_changed) as changed:
        editor.edit.undo()
    assert changed.args == [False]


def test_what_is_typed_while_saving_stays_a_change(make: Make) -> None:
    editor = make("a")
    QTest.keyClicks(editor.edit, "b")
    sent = editor.text()
    QTest.keyClicks(editor.edit, "c")
    editor.saved(sent)
    assert editor.modified
    editor.saved(editor.text())
    assert not editor.modified


def test_another_revision_can_be_taken_and_undone(make: Make) -> None:
    editor = make("old")
    editor.replace_text("new\r\ntext")
    assert editor.text() == "new\ntext"
    editor.edit.undo()
    assert editor.text() == "old"


# ---- highlighting

SAMPLES = {
    "powershell": ('# note\n$x = Get-Item "a"\nif ($x) { 14 }', {"Get-Item": "accent", '"a"': "good"}),
    "bash": ('# note\nls -l "a" $HOME\nif true; then x; fi', {"ls": "accent", '"a"': "good"}),
    "sh": ('# note\nls -l "a"\nif true; then x; fi', {"ls": "accent", '"a"': "good"}),
    "python": ('# note\nprint("a", 14)\nif x: pass', {"print": "accent", '"a"': "good", "14": "warning"}),
    "cmd": ('rem note\ndir "a" %X%\nif exist x goto y', {"dir": "accent", '"a"': "good"}),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_each_language_is_highlighted(make: Make, language: str, light: object) -> None:
    text, expected = SAMPLES[language]
    editor = make(text, language)
    tokens = editor.edit.highlighter._formats
    assert colors(editor, 0)[text.split("\n")[0]] == tokens["comment"].foreground().color().name()
    palette = {
        "accent": tokens["command"].foreground().color().name(),
        "good": tokens["string"].foreground().color().name(),
        "warning": tokens["number"].foreground().color().name(),
    }
    found = colors(editor, 1)
    assert {word: found[word] for word in expected} == {w: palette[tone] for w, tone in expected.items()}
    assert colors(editor, 2)["if"] == tokens["keyword"].foreground().color().name()


def test_a_string_that_is_opened_recolours_the_lines_behind(make: Make, qtbot: QtBot) -> None:
    editor = make('x = 1\ny = 2\n"""\n', "python")
    before = colors(editor, 1)
    editor.edit.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor.edit, '"""')
    qtbot.waitUntil(lambda: colors(editor, 1) != before)
    for _ in range(3):
        QTest.keyClick(editor.edit, KEY.Key_Backspace)
    qtbot.waitUntil(lambda: colors(editor, 1) == before)


def test_a_long_script_is_highlighted_to_its_end(make: Make, qtbot: QtBot) -> None:
    editor = make("print(1)\n" * 3_000, "python")
    assert colors(editor, 0)
    qtbot.waitUntil(lambda: not editor.edit.highlighter.pending)
    assert colors(editor, 2_999) == colors(editor, 0)


def test_the_theme_recolours_the_script(make: Make, qtbot: QtBot, light: object) -> None:
    from console.shell.theme import theme

    editor = make("print(1)", "python")
    before = colors(editor, 0)
    theme().apply("dark")
    qtbot.waitUntil(lambda: colors(editor, 0) != before)


PIECES = ['"a"', "'b'", '"""', "# c", "(1)", "{", "}", "\n", "  ", "x", " = 1\n", "漢é", "\u00a0", "#"]
edits = st.lists(
    st.tuples(st.integers(10, 60), st.integers(0, 8), st.lists(st.sampled_from(PIECES), max_size=4)),
    min_size=1,
    max_size=15,
)


@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
)
@given(st.sampled_from([name for name in LANGUAGES if name != "cmd"]), edits)
def test_the_tree_after_edits_is_the_tree_of_the_text(
    qapp: QApplication, language: str, story: list[tuple[int, int, list[str]]]
) -> None:
    document = QTextDocument("x = 1 # 🙂\ny = (2)\n")
    # Without a layout a document does not say what changed.
    document.documentLayout()
    tree = CodeTree(document, language)
    document.contentsChange.connect(tree.edited)
    for position, removed, pieces in story:
        cursor = QTextCursor(document)
        last = document.characterCount() - 1
        cursor.setPosition(min(position, last))
        cursor.setPosition(min(position + removed, last), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText("".join(pieces))
    fresh = CodeTree(document, language)
    # How a parser gets over a mistake depends on what it knew before, so only right texts can be compared.
    assume(not fresh.has_errors)
    lines = document.blockCount()
    assert tree.spans(0, lines) == fresh.spans(0, lines)


@given(st.text(alphabet='@remifgoto: "%!x1&|()<>^\t'))
def test_every_line_of_cmd_has_spans_inside_of_it(line: str) -> None:
    for start, end, style in cmd_spans(line):
        assert 0 <= start < end <= len(line)
        assert style


def test_no_break_spaces_are_not_turned_into_spaces(qapp: QApplication) -> None:
    assert raw_text(QTextDocument("a\u00a0b\nc")) == "a\u00a0b\nc"


# ---- find and replace


def test_find_marks_all_hits_and_goes_round(make: Make) -> None:
    editor = make("cat dog cat\nCat")
    QTest.keyClick(editor.edit, KEY.Key_F, CONTROL)
    bar = editor.find_bar
    assert bar.box.hasFocus()
    QTest.keyClicks(bar.box, "cat")
    assert bar.count.text() == "1 of 3"
    assert len(editor.edit.marks) == 3
    QTest.keyClick(bar.box, KEY.Key_Return)
    assert editor.edit.textCursor().selectionStart() == 8
    QTest.keyClick(bar.box, KEY.Key_Return, SHIFT)
    QTest.keyClick(bar.box, KEY.Key_Return, SHIFT)
    assert bar.count.text() == "3 of 3"
    bar.match_case.click()
    assert len(editor.edit.marks) == 2
    QTest.keyClick(bar.box, KEY.Key_Escape)
    assert not bar.isVisible()
    assert editor.edit.hasFocus()
    assert editor.edit.marks == []


def test_a_wrong_expression_is_said_and_nothing_is_found(make: Make) -> None:
    editor = make("(((")
    QTest.keyClick(editor.edit, KEY.Key_F, CONTROL)
    editor.find_bar.pattern.click()
    QTest.keyClicks(editor.find_bar.box, "(")
    assert "parenthesis" in editor.find_bar.count.text()
    editor.find_bar.pattern.click()
    assert editor.find_bar.count.text() == "1 of 3"


def test_replace_goes_hit_by_hit_and_all_is_one_step(make: Make) -> None:
    editor = make("a b a b a")
    QTest.keyClick(editor.edit, KEY.Key_H, CONTROL)
    bar = editor.find_bar
    QTest.keyClicks(bar.box, "a")
    bar.replacement.setText("aa")
    bar.replace()
    assert editor.text() == "aa b a b a"
    assert editor.edit.textCursor().selectionStart() == 5
    bar.replace_all()
    assert editor.text() == "aaaa b aa b aa"
    editor.edit.undo()
    assert editor.text() == "aa b a b a"


def test_replacing_by_an_expression_takes_its_groups(make: Make) -> None:
    editor = make("x1 x2")
    editor.find_bar.open(replace=True)
    editor.find_bar.pattern.setChecked(True)
    editor.find_bar.box.setText(r"x(\d)")
    editor.find_bar.replacement.setText(r"y\1")
    editor.find_bar.replace_all()
    assert editor.text() == "y1 y2"


def test_a_read_only_text_cannot_be_replaced_in(make: Make) -> None:
    editor = make("a")
    editor.set_read_only(True)
    editor.find_bar.open(replace=True)
    assert not editor.find_bar.replacement.isVisible()
    QTest.keyClicks(editor.edit, "b")
    QTest.keyClick(editor.edit, KEY.Key_Tab)
    assert editor.text() == "a"


def test_typing_in_a_thousand_lines_is_quick_enough_to_type(make: Make) -> None:
    """Only what was changed is parsed and painted again: the count of highlighted lines, not a time."""
    editor = make("\n".join(f"$x{n} = Get-Item 'a{n}'" for n in range(1_000)))
    seen: list[int] = []
    highlighter = editor.edit.highlighter
    original = highlighter.highlightBlock

    def counted(text: str) -> None:
        seen.append(1)
        original(text)

    highlighter.highlightBlock = counted  # type: ignore[method-assign]
    editor.edit.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor.edit, "abc")
    assert len(seen) < 20


def test_every_control_of_the_find_bar_has_a_name(make: Make) -> None:
    editor = make()
    bar = editor.find_bar
    controls = [*bar.findChildren(QAbstractButton), *bar.findChildren(QLineEdit)]
    assert [c for c in controls if not (c.accessibleName() or getattr(c, "text", str)())] == []
