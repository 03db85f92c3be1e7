"""What agents say on an open channel, and what happens to those who talk nonsense."""

import asyncio
import json
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.wire.codec import MAX_OUTPUT_DATA, WireError, encode, encode_output
from agent.wire.messages import (
    AGENT_MESSAGES,
    Done,
    FactsReport,
    Heartbeat,
    OutputFrame,
    Permit,
)
from backend_lite.features.fleet.frames import decode
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import FACTS, METRICS, Device

pytestmark = pytest.mark.anyio

PERMIT = Permit("e-1-1", "ab" * 16)
HOSTILE: list[str | bytes] = [
    "",
    "null",
    "[]",
    "{",
    '{"type": "permit"}',
    '{"type": "permit", "body": null}',
    '{"type": "permit", "body": {"attempt": 1, "nonce": "x"}}',
    '{"type": "nonsense", "body": {}}',
    '{"type": "welcome", "body": {"wire_version": 1}}',
    '{"type": {}, "body": {}}',
    '{"type": "heartbeat", "body": {"metrics": {"cpu_percent": 1e999}}}',
    '{"type": "heartbeat", "body": {"metrics": null}}',
    '{"type": "permit", "body": ' + "[" * 50_000 + "]" * 50_000 + "}",
    '{"type": "permit", "body": {"attempt": "\\ud800", "nonce": "x"}}',
    encode(Heartbeat(METRICS))[:-1],
    b"",
    b"\x00",
    b"\xff" * 40,
    encode_output(OutputFrame("e-1-1", 0, 0, 0, b"x"))[:10],
    encode_output(OutputFrame("e-1-1", 0, 0, 0, b"x" * (MAX_OUTPUT_DATA + 1))),
]


async def connected(fleet: Fleet) -> tuple[int, Any]:
    device = Device()
    device_id = await fleet.enrolled(device)
    socket, _welcome = await fleet.welcomed(device)
    return device_id, socket


async def test_a_frame_that_cannot_be_understood_ends_the_channel(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    for frame in HOSTILE:
        socket, _welcome = await fleet_service.welcomed(device)
        socket.send_frame(frame)
        assert await socket.closed() == 1008, frame
        await socket.done()
        assert not fleet_service.api.hub.connected(device_id)


async def test_nonsense_instead_of_a_hello_ends_the_connection(fleet_service: Fleet) -> None:
    for frame in HOSTILE:
        socket = fleet_service.connect()
        await socket.next()
        socket.send_frame(frame)
        assert await socket.closed() == 1008, frame
        await socket.done()


async def test_strangers_who_talk_nonsense_do_not_fill_the_log(fleet_service: Fleet) -> None:
    with structlog.testing.capture_logs() as log:
        for frame in HOSTILE:
            socket = fleet_service.connect()
            await socket.next()
            socket.send_frame(frame)
            await socket.done()
    (line,) = log
    assert (line["event"], line["more_before"]) == ("no proper hello", 0)


async def test_output_or_work_before_the_hello_ends_the_connection(fleet_service: Fleet) -> None:
    for frame in (encode(PERMIT), encode_output(OutputFrame("e-1-1", 0, 0, 0, b"x"))):
        socket = fleet_service.connect()
        await socket.next()
        socket.send_frame(frame)
        assert await socket.closed() == 1008


async def test_a_second_hello_ends_the_channel(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    socket, _welcome = await fleet_service.welcomed(device)
    socket.send(device.hello("00" * 32, fleet_service.leaf))
    assert await socket.closed() == 1008


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([*AGENT_MESSAGES, "x"]))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_a_message_or_a_wire_error(body: object, kind: str) -> None:
    try:
        message = decode(json.dumps({"type": kind, "body": body}))
    except WireError as error:
        assert len(str(error)) < 100
    else:
        assert type(message) is AGENT_MESSAGES[kind]


@given(st.text())
def test_any_text_is_a_message_or_a_wire_error(text: str) -> None:
    with pytest.raises(WireError):
        decode(text)


def test_both_readers_of_the_language_agree() -> None:
    done = Done("e-1-1", "aa", "exited", None, 5, 1, 2, 3, 4, "x", "y", 3, 4, "Fine. ✓")
    for message in (PERMIT, Heartbeat(METRICS), FactsReport(FACTS), done):
        assert decode(encode(message)) == message


def test_fields_of_a_later_version_are_ignored() -> None:
    plain = json.loads(encode(PERMIT))
    plain["body"]["later"] = plain["later"] = {"deep": [1, 2]}
    assert decode(json.dumps(plain)) == PERMIT


async def test_messages_and_output_reach_their_handlers_in_order(fleet_service: Fleet) -> None:
    heard: list[object] = []
    seen = asyncio.Event()

    async def on_permit(_device_id: int, message: object) -> None:
        await asyncio.sleep(0)
        heard.append(message)

    async def on_output(_device_id: int, frame: OutputFrame) -> None:
        heard.append(frame)
        if len(heard) == 4:
            seen.set()

    fleet_service.api.on_message(Permit, on_permit)
    fleet_service.api.on_output(on_output)
    _device_id, socket = await connected(fleet_service)
    frames = [OutputFrame("e-1-1", 1, offset, 7, b"\xff\x00") for offset in (0, 2)]
    sent = [PERMIT, frames[0], Permit("e-1-1", "cd" * 16), frames[1]]
    for message in sent:
        socket.send_frame(encode_output(message) if isinstance(message, OutputFrame) else encode(message))
    await asyncio.wait_for(seen.wait(), 30)
    assert heard == sent


async def test_a_handler_that_waits_holds_up_its_own_channel_only(fleet_service: Fleet) -> None:
    hold, heard = asyncio.Event(), asyncio.Queue[tuple[int, str]]()

    async def on_permit(device_id: int, message: Permit) -> None:
        if message.attempt == "e-1-1":
            await hold.wait()
        heard.put_nowait((device_id, message.attempt))

    fleet_service.api.on_message(Permit, on_permit)
    slow_id, slow = await connected(fleet_service)
    quick_id, quick = await connected(fleet_service)
    slow.send(Permit("e-1-1", "aa"))
    slow.send(Permit("e-2-1", "bb"))
    quick.send(Permit("e-3-1", "cc"))
    assert await heard.get() == (quick_id, "e-3-1")
    assert heard.empty()
    hold.set()
    assert [await heard.get(), await heard.get()] == [(slow_id, "e-1-1"), (slow_id, "e-2-1")]


async def test_a_handler_that_fails_ends_the_channel_so_that_the_agent_says_it_again(
    fleet_service: Fleet,
) -> None:
    async def on_permit(_device_id: int, _message: object) -> None:
        raise LookupError("a bug")

    fleet_service.api.on_message(Permit, on_permit)
    device_id, socket = await connected(fleet_service)
    socket.send(PERMIT)
    assert await socket.closed() == 1011
    await socket.done()
    assert not fleet_service.api.hub.connected(device_id)
