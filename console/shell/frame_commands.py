"""What the frame itself can do, with its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.core.texts import tr
from console.shell.context import Context
from console.shell.feature import Command
from console.shell.key_sheet import KeySheet
from console.shell.theme import Mode

if TYPE_CHECKING:
    from console.shell.main_window import MainWindow


def frame_commands(window: MainWindow) -> list[Command]:
    def look(mode: Mode) -> Callable[[Context], None]:
        return lambda _context: window.choose_look(mode)

    commands = [
        Command(tr("Search"), lambda _: window.top.search.open(), "search", "find palette", "Ctrl+K"),
        Command(tr("Find a command"), lambda _: window.top.search.open("> "), "command", "", "Ctrl+Shift+P"),
        Command(tr("Back"), lambda context: context.navigator.back(), "back", "history", "Alt+Left"),
        Command(
            tr("Forward"), lambda context: context.navigator.forward(), "forward", "history", "Alt+Right"
        ),
        Command(
            tr("Show or hide the activity panel"), lambda _: window.toggle_activity(), "panel", "", "Ctrl+J"
        ),
        Command(tr("Go to the next pane"), lambda _: window.next_pane(), "forward", "focus", "F6"),
        Command(tr("Light theme"), look(Mode.LIGHT), "sun", "look"),
        Command(tr("Dark theme"), look(Mode.DARK), "moon", "look"),
        Command(tr("Theme as the system"), look(Mode.SYSTEM), "theme", "look"),
        Command(
            tr("Lock"), lambda _: window.lock_wanted.emit(), "lock", "password away idle", "Ctrl+Shift+L"
        ),
        Command(tr("Sign out"), lambda _: window.sign_out_wanted.emit(), "sign-out", "log out"),
        Command(tr("Quit"), lambda _: window.close_wanted.emit(), "close", "exit", "Ctrl+Q"),
    ]
    help_command = Command(
        tr("Keyboard shortcuts"),
        lambda _: KeySheet(window.commands, window).open(),
        "help",
        "help",
        "F1",
    )
    window.top.help_wanted.connect(lambda: help_command.run(window.context))
    return [*commands, help_command]
