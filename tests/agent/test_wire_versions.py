"""Version 1 and today's version of the wire, in both directions.

`tests/golden/wire_v1` holds one frame of every message, written once by the code that knew version 1 only.
What version 1 understands of a message is therefore: these fields, with these types; it ignores all others.
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
    Offer,
    OfferFile,
    OutputFrame,
    Receipt,
    Welcome,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "wire_v1"
KNOWN: dict[str, type[Any]] = {**SERVICE_MESSAGES, **AGENT_MESSAGES}
FRAMES = {path.stem: path.read_text("utf-8").strip() for path in sorted(GOLDEN.glob("*.json"))}
SINCE_VERSION_2 = {"holding"}


def known_to_version_1(frame: str) -> dict[str, Any]:
    """What a decoder of version 1 makes of a frame: its own fields, of the types it knows."""
    told = json.loads(frame)
    return {"type": told["type"], "body": _reduced(told["body"], json.loads(FRAMES[told["type"]])["body"])}


def _reduced(told: Any, shape: Any) -> Any:
    if isinstance(shape, dict) and shape.keys() != {"name", "count", "ratio", "on"}:
        return {name: _reduced(told[name], inner) for name, inner in shape.items()}
    if isinstance(shape, list) and shape:
        assert isinstance(told, list)
        return [_reduced(item, shape[0]) for item in told]
    assert type(told) is type(shape) or {type(told), type(shape)} <= {int, type(None)}, (told, shape)
    return told


def test_version_1_is_still_spoken() -> None:
    assert WIRE_VERSIONS == (1, 2)


def test_every_message_of_version_1_is_there() -> None:
    assert set(FRAMES) == set(KNOWN) - SINCE_VERSION_2


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_version_1_is_understood_today(name: str) -> None:
    message: Any = codec.decode(FRAMES[name], KNOWN)
    body = json.loads(FRAMES[name])["body"]
    for field in fields(message):
        if field.name in body:
            assert codec.to_plain(getattr(message, field.name)) == body[field.name]
        else:
            assert field.default is not MISSING or field.default_factory is not MISSING


@pytest.mark.parametrize("name", FRAMES)
def test_todays_frame_is_understood_by_version_1(name: str) -> None:
    frame = codec.encode(codec.decode(FRAMES[name], KNOWN))
    assert known_to_version_1(frame) == json.loads(FRAMES[name])


def test_what_version_2_added_changes_nothing_of_what_version_1_reads() -> None:
    offer: Any = codec.decode(FRAMES["offer"], KNOWN)
    assert isinstance(offer, Offer)
    more = replace(
        offer,
        idle_timeout_s=5.0,
        working_folder="/srv",
        run_as="user",
        secrets={"pin": "sealed"},
        files=(OfferFile("list", "list.txt", "eA=="),),
        parallel=True,
    )
    done: Any = codec.decode(FRAMES["done"], KNOWN)
    welcome: Any = codec.decode(FRAMES["welcome"], KNOWN)
    assert isinstance(done, Done)
    assert isinstance(welcome, Welcome)
    for message in (
        more,
        replace(done, stdout_gap=4, stderr_gap=0),
        replace(welcome, spread_s=15.0),
        Receipt("00c0ffee-12-1", reboot=True),
    ):
        frame = codec.encode(message)
        name = json.loads(frame)["type"]
        assert known_to_version_1(frame) == json.loads(FRAMES[name])


def test_an_output_frame_of_version_1_is_that_of_today() -> None:
    raw = bytes.fromhex((GOLDEN / "output.hex").read_text())
    frame = OutputFrame("00c0ffee-12-1", 1, 4096, 250, b"one\n\xff\0two")
    assert codec.decode_output(raw) == frame
    assert codec.encode_output(frame) == raw
