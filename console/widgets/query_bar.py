"""The filter above a table, in the query language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QFrame, QWidget

from backend_lite.contract.query import And, Field, Node, Search, all_of
from console.shell.parts import label, row
from console.shell.theme import set_role, theme
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.query_box import Known, QueryBox
from console.widgets.row_index import Predicate, both

PredicateOf = Callable[[Node], Predicate]
_WIDTH = 400


class ProblemLine(QFrame):
    """Under the filter: why what is typed cannot be understood, or else what `say_besides` was given. Hidden
    while there is nothing to say."""

    def __init__(self, box: QueryBox) -> None:
        super().__init__()
        set_role(self, "tool-bar")
        self.text = label("", "error", wrap=True)
        line = row(self.text)
        line.setContentsMargins(theme().margin, 4, theme().margin, 4)
        self.setLayout(line)
        self.hide()
        self._problem = self._besides = ""
        box.problem_changed.connect(self._say)

    def say_besides(self, sentence: str) -> None:
        self._besides = sentence
        self._show()

    def _say(self, sentence: str) -> None:
        self._problem = sentence
        self._show()

    def _show(self) -> None:
        sentence = self._problem or self._besides
        set_role(self.text, "error" if self._problem else "secondary")
        self.text.setText(sentence)
        self.setVisible(bool(sentence))


class QueryBar(FilterBar):
    """While the query cannot be understood the last one that could be goes on. `changed` has everything in
    its predicate and no text; with `looks_into_rows` plain words are its text, since a table finds them in
    its search strings much more quickly. Those have to be what `predicate_of` looks into."""

    def __init__(
        self,
        page: QWidget,
        hint: str,
        fields: Sequence[Field],
        predicate_of: PredicateOf,
        choices: Sequence[Choice] = (),
        known: Known | None = None,
        *,
        looks_into_rows: bool = False,
    ) -> None:
        self.query_box = QueryBox(fields, known)
        self._predicate_of = predicate_of
        self._matches: Predicate | None = None
        self._looks_into_rows = looks_into_rows
        self._words = ""
        super().__init__(page, hint, choices, self.query_box)
        self.box.setMaximumWidth(_WIDTH)
        self.query_box.parsed.connect(self._understood)

    @property
    def query(self) -> str:
        """The text that can be understood; empty while it cannot."""
        return "" if self.query_box.error is not None else self.box.text().strip()

    @property
    def predicate(self) -> Predicate | None:
        return both(self._matches, super().predicate)

    def set_query(self, query: str, choice: str) -> None:
        """Shows what a saved view holds."""
        self.box.setText(query)
        if choice in self._chips:
            self._chips[choice].setChecked(True)
        self._tell()

    def _understood(self, node: Node) -> None:
        words, rest = _plain_words(node) if self._looks_into_rows else ([], node)
        self._words = " ".join(words)
        self._matches = None if rest == And() else self._predicate_of(rest)

    def _tell(self) -> None:
        self._timer.stop()
        self.changed.emit(self._words, self.predicate)


def _plain_words(node: Node) -> tuple[list[str], Node]:
    """Words that must all be there, and what else must be true."""
    words: list[str] = []
    rest: list[Node] = []
    for one in node.nodes if isinstance(node, And) else [node]:
        # Phrases in quotes are looked for in more than rows show.
        text = one.pattern.text if isinstance(one, Search) and not one.pattern.exact else ""
        plain = text and "*" not in text and not any(map(str.isspace, text))
        if plain and text.lower() == text.casefold():
            words.append(text)
        else:
            rest.append(one)
    return words, all_of(rest)
