"""What the tests of the script page share: addresses, answers, and typing."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest

from backend_lite.contract.library import SCRIPTS
from console.features.library.script_page import ScriptPage
from tests.console import objects

Run = Callable[..., Any]
Make = Callable[[], ScriptPage]
GET, PUT, POST = f"GET {SCRIPTS}/1", f"PUT {SCRIPTS}/1", f"POST {SCRIPTS}"
REVISIONS = f"GET {SCRIPTS}/1/revisions"
STALE = (409, {"detail": "Script was changed meanwhile (content).", "code": "stale"})


def type_in(page: ScriptPage, text: str) -> None:
    page.editor.code.edit.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(page.editor.code.edit, text)


def saved(**more: Any) -> tuple[int, Any]:
    return 200, objects.script(1, **{"name": "Greet", "revision": 2, "version": 2, **more})


def echo(request: httpx.Request) -> tuple[int, Any]:
    """Saves what was sent."""
    sent = json.loads(request.content)
    sent.pop("message")
    return saved(**sent)
