"""The help page says what is declared."""

from backend_lite.features.settings.declared import DECLARED
from backend_lite.features.settings.help_text import help_text
from tests.architecture.sources import ROOT


def test_the_help_of_the_settings_is_current() -> None:
    page = ROOT / "resources" / "help" / "settings.md"
    assert page.read_text("utf-8") == help_text(), "write help_text() into it"


def test_every_setting_is_in_it_with_its_help() -> None:
    text = help_text()
    assert [one.name for one in DECLARED if f"`{one.name}`" not in text or one.help not in text] == []
