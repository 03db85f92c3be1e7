"""Everything that a real agent said, said again by somebody who listened."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import sqlite3
import ssl
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.tls import SERVICE_NAME, tls_context
from agent.wire.codec import decode, encode, to_plain
from agent.wire.messages import (
    ENROLL_PATH,
    SERVICE_MESSAGES,
    AgentMessage,
    Challenge,
    Incarnation,
    Permit,
    PermitAnswer,
    Refused,
    ServiceMessage,
    Welcome,
)
from tests.helpers.agents import Device
from tests.helpers.processes import WAIT_S, AgentProcess, Api, ServiceProcess, connected_device, eventually
from tests.security.recorder import TEXT, Frame, RawChannel, Recorder, recording

CONTENT = b"#!/bin/sh\necho installed\n"
_OWN_LIFE = Incarnation("another", "1:1", "1")
_NO_ATTEMPT = Permit("x-1-1", "0" * 32)
"""Is answered after what was said before it."""
OF_THE_MOMENT = {
    "last_seen_at",
    "last_heard_at",
    "last_used_at",
    "metrics",
    "software_digest",
    "software_at",
    "facts",
}
"""Columns that tell when something was heard last, which any sign of life changes."""
OF_OTHERS = {"sqlite_sequence", "metric_days", "software_titles", "device_software", "sign_ins", "meta"}
"""Tables that change by themselves: the agent goes on telling how its machine is."""


@dataclass
class Replayed:
    """`sent` counts what was said again, by where; `harm` is what came of it that may not."""

    recorded: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    harm: list[str] = field(default_factory=list)


def replayed(folder: Path) -> Replayed:
    """Starts a service and an agent in `folder`, lets the agent work, and replays what it said."""
    service = ServiceProcess(folder / "service").start()
    agent = AgentProcess(folder / "agent")
    try:
        service.create_owner()
        with recording(service) as (recorder, as_known):
            agent.start(as_known, service.enrollment_token("--auto-approve", "--uses", "1"))
            with closing(_Listener(service, recorder, folder)) as listener:
                return listener.attack()
    finally:
        agent.stop()
        service.stop()


class _Listener:
    """Who heard it all, and has a device of their own."""

    def __init__(self, service: ServiceProcess, recorder: Recorder, folder: Path) -> None:
        self._service = service
        self._recorder = recorder
        self._effects = folder / "effects"
        self._api = service.api()
        self._device_id = connected_device(self._api)
        self._trust = tls_context(recorder.identity.ca_pem)
        self._own = Device()
        self._told = Replayed()

    def close(self) -> None:
        self._api.post("/api/v1/auth/logout")

    def attack(self) -> Replayed:
        token = self._service.enrollment_token("--auto-approve", "--uses", "1")
        self._ask(ENROLL_PATH, _request("POST", ENROLL_PATH, to_plain(self._own.enrolment(token))))
        with self._as_own():
            self._let_it_work()
        frames = self._recorder.channel.frames()
        requests = [bytes(one.sent) for one in self._recorder.connections if not one.is_channel and one.sent]
        self._told.recorded.update(frame.kind for frame in frames)
        self._told.recorded.update(_line(raw) for raw in requests)
        before = self._state()
        self._requests(requests)
        self._hellos([frame for frame in frames if frame.kind == "hello"])
        self._before_a_hello(frames)
        self._as_another(frames)
        self._on_the_same(frames)
        after = self._state()
        for table in before:
            if before[table] != after[table]:
                self._told.harm.append(f"{table} changed: {_difference(before[table], after[table])}")
        return self._told

    def _let_it_work(self) -> None:
        """A script that leaves a mark whenever it runs, and an installation that fetches a file."""
        api, device_id = self._api, self._device_id
        script_id = api.make_script("Mark", f"echo script >> '{self._effects}'\necho said\necho wrong >&2\n")
        assert api.ended(api.start(script_id, device_id))["state"] == "succeeded"
        stored = _uploaded(api)
        item = {
            "name": "Tool", "installer_type": "script", "language": "sh", "source_type": "upload",
            "sha256": stored["sha256"], "file_name": stored["file_name"],
            "install_command": f"echo installation >> '{self._effects}' && sh \"$DEPLOYFLOW_FILE\"\n",
        }  # fmt: skip
        software_id = api.post("/api/v1/software", item)["id"]
        body = {"software_id": software_id, "targets": {"devices": [device_id]}}
        run_id = api.post("/api/v1/rollouts", body)["run_ids"][0]
        assert api.ended(run_id)["state"] == "succeeded", api.run(run_id)
        # The agent lets go of its spool once it has the receipt, and says nothing more about it.
        eventually(lambda: self._kinds()["done"] >= 2, "two ends")

    def _kinds(self) -> Counter[str]:
        return Counter(frame.kind for frame in self._recorder.channel.frames())

    def _requests(self, requests: list[bytes]) -> None:
        for raw in requests:
            first, again = (self._ask(_line(raw), raw) for _ in range(2))
            if first != again or first[0] not in (200, 206):
                self._told.harm.append(f"{_line(raw)} again was answered {first[0]}, then {again[0]}")
            other = re.sub(rb"for=[^&]*", b"for=2", raw)
            if b"signature=" in raw and self._ask("for another", other)[0] != 403:
                self._told.harm.append("an address that was made for one device opened for another")

    def _hellos(self, hellos: list[Frame]) -> None:
        assert hellos
        for hello in hellos:
            with self._connected("old hello") as (channel, _nonce):
                channel.say(hello)
                answer = self._heard(channel)
                if not isinstance(answer, Refused) or answer.code != "bad_signature":
                    self._told.harm.append(f"an old hello was answered with {answer}")
                self._expect_end(channel, "after an old hello")

    def _before_a_hello(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.kind != "hello":
                with self._connected("without a hello") as (channel, _nonce):
                    channel.say(frame)
                    self._expect_end(channel, f"{frame.kind} without a hello")

    def _as_another(self, frames: list[Frame]) -> None:
        """With the credential of a device that is welcome, all that the first one said of its work."""
        for frame in frames:
            if frame.kind in ("hello", "heartbeat", "facts", "software"):
                # What a device says of itself, another says of another.
                continue
            with self._as_own() as channel:
                channel.say(frame)
                channel.say(_text(_NO_ATTEMPT))
                self._told.sent["as another device"] += 1
                while (answer := self._heard(channel)) is not None:
                    if isinstance(answer, PermitAnswer):
                        if answer.answer != "no":
                            self._told.harm.append("another device got the permit")
                        if answer.attempt == _NO_ATTEMPT.attempt:
                            break

    def _on_the_same(self, frames: list[Frame]) -> None:
        """On the agent's own connection, all but its hello, which would end that."""
        for frame in frames:
            if frame.kind != "hello":
                self._recorder.inject(frame)
                self._told.sent["on the same channel"] += 1
        hello = next(frame for frame in frames if frame.kind == "hello")
        channels = self._recorder.channels
        self._recorder.inject(hello)
        self._told.sent["hello on the same channel"] += 1
        # It ends the channel, and the agent comes back: what was said before it has been read then.
        eventually(lambda: self._recorder.channels > channels and self._kinds()["hello"], "the next channel")
        eventually(lambda: self._api.get(f"/api/v1/devices/{self._device_id}")["connected"], "the agent")

    @contextmanager
    def _as_own(self) -> Iterator[RawChannel]:
        """The channel of the listener's own device."""
        with self._connected("own") as (channel, nonce):
            leaf = self._recorder.identity.leaf_sha256
            channel.say(_text(self._own.hello(nonce, leaf, _OWN_LIFE)))
            assert isinstance(self._heard(channel), Welcome)
            yield channel

    @contextmanager
    def _connected(self, counted: str) -> Iterator[tuple[RawChannel, str]]:
        """A channel of one's own, and the nonce of its challenge."""
        self._told.sent[counted] += counted != "own"
        with closing(_secured(self._trust, self._port)) as opened:
            channel = RawChannel(opened)
            challenge = self._heard(channel)
            assert isinstance(challenge, Challenge)
            yield channel, challenge.nonce

    def _heard(self, channel: RawChannel) -> ServiceMessage | None:
        text = channel.hear()
        return None if text is None else decode(text.decode(), SERVICE_MESSAGES)

    def _expect_end(self, channel: RawChannel, what: str) -> None:
        if (said := channel.hear()) is not None:
            self._told.harm.append(f"{what}: the service said {said!r}")

    def _ask(self, counted: str, raw: bytes) -> tuple[int, bytes]:
        """The answer to a request as it stands, on a connection of its own."""
        self._told.sent[counted] += 1
        where = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._trust, timeout=WAIT_S)
        where.sock = _secured(self._trust, self._port)
        with closing(where):
            where.send(raw)
            answer = http.client.HTTPResponse(where.sock, method=raw.split(b" ")[0].decode())
            answer.begin()
            with closing(answer):
                return answer.status, answer.read()

    @property
    def _port(self) -> int:
        return int(self._service.ready["agent_url"].rpartition(":")[2])

    def _state(self) -> dict[str, list[str]]:
        """All that the service has written down, and what ran on the endpoint."""
        path = f"file:{self._service.folder / 'deployflow.db'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as connection:
            tables = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            state = {name: _rows(connection, name) for name in tables if name not in OF_OTHERS}
        # Kept as evidence, for whom they came from.
        strange = [line for line in state.pop("stray_outcomes") if "device_id = " in line]
        self._told.harm += [line for line in strange if not line.endswith("device_id = 2")]
        return state | {"effects": self._effects.read_text().splitlines()}


def _rows(connection: sqlite3.Connection, table: str) -> list[str]:
    """What stands in a table, a line for each value."""
    connection.row_factory = sqlite3.Row
    rows = connection.execute(f'SELECT rowid AS number, * FROM "{table}"')  # noqa: S608
    return [
        f"{row['number']}: {name} = {row[name]!r}"
        for row in rows
        for name in row.keys()  # noqa: SIM118
        if name not in OF_THE_MOMENT
    ]


def _difference(before: list[str], after: list[str]) -> str:
    return "; ".join(line[:120] for line in [*set(before) - set(after), *set(after) - set(before)][:8])


def _text(message: AgentMessage) -> Frame:
    return Frame(TEXT, encode(message).encode())


def _request(method: str, path: str, body: Any) -> bytes:
    raw = json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def _line(raw: bytes) -> str:
    """Method and path of a request."""
    method, address, _ = raw.split(b"\r\n", 1)[0].decode().split(" ")
    return f"{method} {address.partition('?')[0][:20]}"


def _secured(trust: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), WAIT_S)
    return trust.wrap_socket(raw, server_hostname=SERVICE_NAME)


def _uploaded(api: Api) -> dict[str, Any]:
    """A file for an installation, in one piece."""
    upload = api.post("/api/v1/software/uploads", {"file_name": "tool.sh", "size": len(CONTENT)})
    url = f"{api.url}/api/v1/software/uploads/{upload['id']}?offset=0"
    request = urllib.request.Request(url, CONTENT, method="PUT")  # noqa: S310
    request.add_header("Authorization", f"Bearer {api.token}")
    request.add_header("Content-Type", "application/octet-stream")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
    stored: dict[str, Any] = api.post(f"/api/v1/software/uploads/{upload['id']}/finish")
    assert stored["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    return stored
