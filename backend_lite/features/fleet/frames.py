"""Frames of the agent channel, fast: the same language as `agent.wire.codec`, read and written by msgspec."""

from __future__ import annotations

import msgspec

from agent.wire.codec import MAX_FRAME_TO_AGENT, WireError
from agent.wire.messages import AGENT_MESSAGES, MESSAGE_NAMES, AgentMessage, ServiceMessage


class _Envelope(msgspec.Struct):
    type: str
    body: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope)
_bodies = {name: msgspec.json.Decoder(kind) for name, kind in AGENT_MESSAGES.items()}
_encode = msgspec.json.Encoder().encode


def decode(frame: str) -> AgentMessage:
    """The message in an agent's text frame. Raises WireError, whose text never quotes the content."""
    try:
        envelope = _envelope.decode(frame)
        decoder = _bodies.get(envelope.type)
        if decoder is None:
            raise WireError("unknown message type")
        return decoder.decode(envelope.body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise WireError(f"a frame is not a message ({type(error).__name__})") from None


def encode(message: ServiceMessage) -> str:
    """The text frame of a message. Raises WireError when it would be larger than MAX_FRAME_TO_AGENT."""
    frame = _encode({"type": MESSAGE_NAMES[type(message)], "body": message})
    if len(frame) > MAX_FRAME_TO_AGENT:
        raise WireError(f"a {MESSAGE_NAMES[type(message)]} message is larger than {MAX_FRAME_TO_AGENT} bytes")
    return frame.decode()
