from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from console.shell.theme import Theme, theme


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> Iterator[Theme]:
    """Every widget is tested in the light theme unless it says otherwise."""
    worn = theme()
    worn.apply("light")
    yield worn
    QApplication.clipboard().clear()
