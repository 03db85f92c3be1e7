from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.texts import tr
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.page import Page
from console.shell.palette import MISS, Palette, score
from tests.console.conftest import World

DEVICES = [
    {"id": 1, "hostname": "LAB-PC-001", "os_version": "Windows 11"},
    {"id": 2, "hostname": "srv-lab-02", "os_version": "Debian 12"},
    {"id": 3, "hostname": "SRV-APP-05", "os_version": "Windows Server 2022"},
]


def describe(device: dict[str, Any]) -> tuple[str, str]:
    return str(device["hostname"]), str(device["os_version"])


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def palette(world: World, done: list[str]) -> Palette:
    world.context.live.objects["device"] = {int(str(device["id"])): device for device in DEVICES}
    world.context.navigator.add("device", Page)
    features = [
        Feature(
            "fleet",
            navigation=[NavEntry("Fleet", "Devices", "devices", "device", "device")],
            matches=[Match("device", "device", "device", describe)],
            commands=[Command(tr("Add a device"), lambda _: done.append("added"), keys="enrol token")],
        )
    ]
    return Palette(features, world.context)


def titles(palette: Palette, text: str) -> list[tuple[str, str]]:
    return [(found.group, found.title) for found in palette.search(text)]


def test_without_a_word_it_offers_pages_and_commands(palette: Palette) -> None:
    assert titles(palette, "") == [("Pages", "Devices"), ("Commands", "Add a device")]


def test_objects_are_found_by_all_words_the_best_first(palette: Palette) -> None:
    assert titles(palette, "lab") == [("Devices", "LAB-PC-001"), ("Devices", "srv-lab-02")]
    assert titles(palette, "srv windows") == [("Devices", "SRV-APP-05")]


def test_a_command_is_found_by_its_other_words_too(palette: Palette, done: list[str]) -> None:
    (found,) = palette.search("token")
    found.run()
    assert done == ["added"]


def test_the_sign_of_commands_leaves_out_the_rest(palette: Palette) -> None:
    assert titles(palette, "> dev") == [("Commands", "Add a device")]


def test_enter_opens_the_object(palette: Palette, world: World) -> None:
    palette.search("app")[0].run()
    place = world.context.navigator.place
    assert place is not None
    assert (place.page_key, place.target) == ("device", "3")


@given(st.text(), st.text())
def test_what_is_in_the_text_is_found(before: str, after: str) -> None:
    assert score(["needle"], f"{before}needle{after}") != MISS
