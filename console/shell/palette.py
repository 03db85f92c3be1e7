"""What the search box finds: pages, commands, and the live objects that features make known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from console.core.live import LiveStore
from console.core.texts import tr
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry

PER_GROUP = 6
COMMAND_SIGN = ">"
MISS = 9


@dataclass(frozen=True)
class Found:
    """One line of the palette; `run` is what Enter does."""

    group: str
    title: str
    secondary: str
    icon: str
    run: Callable[[], None]


def score(words: list[str], text: str) -> int:
    """How well `words` fit `text`: 0 is best, MISS is not at all. Every word has to be somewhere in it."""
    text = text.lower()
    if not all(word in text for word in words):
        return MISS
    first = words[0] if words else ""
    if text.startswith(first):
        return 0
    return 1 if f" {first}" in text or f"-{first}" in text else 2


class Palette:
    """Searches everything that `features` declare; objects come from the live store as they are now."""

    def __init__(self, features: Iterable[Feature], context: Context) -> None:
        self._features = list(features)
        self._commands = [command for feature in self._features for command in feature.commands]
        self._matches = [match for feature in self._features for match in feature.matches]
        self._context = context

    def add(self, command: Command) -> None:
        self._commands.append(command)

    def search(self, text: str) -> list[Found]:
        """The best few of each group. A text that begins with `>` finds commands only."""
        only_commands = text.lstrip().startswith(COMMAND_SIGN)
        words = text.lower().replace(COMMAND_SIGN, " ").split()
        commands = self._best(words, (self._command(item) for item in self._commands), len(self._commands))
        if only_commands:
            return [found for found, _ in commands]
        pages = self._best(words, (self._page(entry) for entry in self._entries()), PER_GROUP)
        results = [pages, *(self._objects(words, match) for match in self._matches if words)]
        results.append(commands[:PER_GROUP])
        return [found for group in results for found, _ in group]

    def _entries(self) -> list[NavEntry]:
        return [entry for feature in self._features for entry in feature.entries(self._context.rights)]

    def _best(
        self, words: list[str], candidates: Iterable[tuple[Found, str]], limit: int
    ) -> list[tuple[Found, int]]:
        scored = [(found, score(words, text)) for found, text in candidates]
        kept = [item for item in scored if item[1] != MISS]
        kept.sort(key=lambda item: item[1])
        return kept[:limit]

    def _page(self, entry: NavEntry) -> tuple[Found, str]:
        def go() -> None:
            self._context.navigator.open(entry.page_key)

        return Found(tr("Pages"), entry.title, entry.group, entry.icon, go), entry.title

    def _command(self, command: Command) -> tuple[Found, str]:
        found = Found(
            tr("Commands"),
            command.title,
            self._context.rights.need(*command.needs).reason or command.shortcut,
            command.icon,
            lambda: command.perform(self._context),
        )
        return found, f"{command.title} {command.keys}"

    def _objects(self, words: list[str], match: Match) -> list[tuple[Found, int]]:
        live: LiveStore = self._context.live
        best: list[tuple[int, int, str, str]] = []
        for object_id, item in live.kind(match.kind).items():
            title, secondary = match.describe(item)
            fit = score(words, f"{title} {secondary}")
            if fit != MISS:
                best.append((fit, -object_id, title, secondary))
        best.sort()
        group = next((e.title for e in self._entries() if e.count_of == match.kind), match.kind)
        return [
            (Found(group, title, secondary, match.icon, self._opener(match.page_key, -negative)), fit)
            for fit, negative, title, secondary in best[:PER_GROUP]
        ]

    def _opener(self, page_key: str, object_id: int) -> Callable[[], None]:
        return lambda: self._context.navigator.open(page_key, str(object_id))
