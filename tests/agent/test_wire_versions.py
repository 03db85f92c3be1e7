"""Today's version of the wire and those before it, in both directions.

`tests/golden/wire_vN` holds one frame of every message, written once by the code that knew nothing newer than
version N. What that version understands of a message is therefore: these fields, with these types; it ignores
all others.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest

from agent.wire import codec
from agent.wire.messages import (
    AGENT_MESSAGES,
    SERVICE_MESSAGES,
    WIRE_VERSIONS,
    Done,
    Download,
    Offer,
    OfferFile,
    OutputFrame,
    Receipt,
    Welcome,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
KNOWN: dict[str, type[Any]] = {**SERVICE_MESSAGES, **AGENT_MESSAGES}
FORMER = WIRE_VERSIONS[:-1]
FRAMES = {
    version: {
        path.stem: path.read_text("utf-8").strip()
        for path in sorted((GOLDEN / f"wire_v{version}").glob("*.json"))
    }
    for version in FORMER
}
EVERY_FRAME = [(version, name) for version, frames in FRAMES.items() for name in frames]
LATER = {1: {"holding", "software"}, 2: {"software"}}
"""The messages that a version does not know yet."""
OWN_NAMES = ({"name", "count", "ratio", "on"}, {"pin"})
"""Objects whose names are no fields but a script's parameters."""


def known_to(version: int, frame: str) -> dict[str, Any]:
    """What a decoder of a version makes of a frame: its own fields, of the types it knows."""
    told = json.loads(frame)
    shape = json.loads(FRAMES[version][told["type"]])["body"]
    return {"type": told["type"], "body": _reduced(told["body"], shape)}


def _reduced(told: Any, shape: Any) -> Any:
    if isinstance(shape, dict) and shape.keys() not in OWN_NAMES:
        return {name: _reduced(told[name], inner) for name, inner in shape.items()}
    if isinstance(shape, list) and shape:
        assert isinstance(told, list)
        return [_reduced(item, shape[0]) for item in told]
    assert type(told) is type(shape) or {type(told), type(shape)} <= {int, type(None)}, (told, shape)
    return told


def test_three_versions_are_spoken() -> None:
    assert WIRE_VERSIONS == (1, 2, 3)


@pytest.mark.parametrize("version", FORMER)
def test_every_message_of_a_version_is_there(version: int) -> None:
    assert set(FRAMES[version]) == set(KNOWN) - LATER[version]


@pytest.mark.parametrize(("version", "name"), EVERY_FRAME)
def test_a_frame_of_a_former_version_is_understood_today(version: int, name: str) -> None:
    message: Any = codec.decode(FRAMES[version][name], KNOWN)
    body = json.loads(FRAMES[version][name])["body"]
    for field in fields(message):
        if field.name in body:
            assert codec.to_plain(getattr(message, field.name)) == body[field.name]
        else:
            assert field.default is not MISSING or field.default_factory is not MISSING


@pytest.mark.parametrize(("version", "name"), EVERY_FRAME)
def test_todays_frame_is_understood_by_a_former_version(version: int, name: str) -> None:
    frame = codec.encode(codec.decode(FRAMES[version][name], KNOWN))
    assert known_to(version, frame) == json.loads(FRAMES[version][name])


def _later_fields(version: int) -> list[Any]:
    """Messages of a version with everything that came after it."""
    offer: Any = codec.decode(FRAMES[version]["offer"], KNOWN)
    done: Any = codec.decode(FRAMES[version]["done"], KNOWN)
    welcome: Any = codec.decode(FRAMES[version]["welcome"], KNOWN)
    assert isinstance(offer, Offer)
    assert isinstance(done, Done)
    assert isinstance(welcome, Welcome)
    offer = replace(offer, detect="exit 1", downloads=(Download("/f/1", "ab" * 32, 5, "a.msi"),))
    welcome = replace(welcome, software_digest="cd" * 32)
    if version > 1:
        return [offer, welcome]
    files = (OfferFile("list", "list.txt", "eA=="),)
    return [
        replace(
            offer,
            idle_timeout_s=5.0,
            working_folder="/srv",
            run_as="user",
            secrets={"pin": "sealed"},
            files=files,
            parallel=True,
        ),
        replace(welcome, spread_s=15.0),
        replace(done, stdout_gap=4, stderr_gap=0),
        Receipt("00c0ffee-12-1", reboot=True),
    ]


@pytest.mark.parametrize("version", FORMER)
def test_what_came_later_changes_nothing_of_what_a_version_reads(version: int) -> None:
    for message in _later_fields(version):
        frame = codec.encode(message)
        name = json.loads(frame)["type"]
        assert known_to(version, frame) == json.loads(FRAMES[version][name])


@pytest.mark.parametrize("version", FORMER)
def test_an_output_frame_of_a_former_version_is_that_of_today(version: int) -> None:
    raw = bytes.fromhex((GOLDEN / f"wire_v{version}" / "output.hex").read_text())
    frame = OutputFrame("00c0ffee-12-1", 1, 4096, 250, b"one\n\xff\0two")
    assert codec.decode_output(raw) == frame
    assert codec.encode_output(frame) == raw
