"""A real service with a fleet of simulated agents, and the echo service as the floor; what benches drive."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.helpers.processes import Api, ServiceProcess, python


class Herd:
    """The process with the simulated agents (see `simulated_agents.Herd` for the commands)."""

    def __init__(self) -> None:
        self._process = python(
            "-m", "tests.bench.simulated_agents", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def do(self, command: str, **fields: Any) -> dict[str, Any]:
        self.begin(command, **fields)
        return self.end()

    def begin(self, command: str, **fields: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **fields}).encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "problem" in answer:
            raise AssertionError(answer["problem"])
        return answer

    def stop(self) -> None:
        _end(self._process)


@dataclass
class Fleet:
    """`grow(n)` makes it n connected, approved devices."""

    service: ServiceProcess
    api: Api
    herd: Herd
    result_size: int
    ids: list[int] = field(default_factory=list)

    def enroll(self, count: int) -> None:
        missing = count - len(self.ids)
        if missing > 0:
            token = self.service.enrollment_token("--auto-approve", "--uses", str(missing))
            made = self.herd.do("enroll", count=missing, token=token, result_size=self.result_size)
            self.ids += made["ids"]

    def grow(self, count: int) -> None:
        self.enroll(count)
        self.herd.do("connect", count=count)

    def restart(self) -> None:
        """Stop the service and start it again at the same address, with nobody connected."""
        self.service.stop()
        self.service.start()
        self.api = self.service.api()

    def memory(self) -> int:
        """Bytes of the service that are in memory."""
        return int(self._process().memory_info().rss)

    def cpu_s(self) -> float:
        """Processor seconds that the service has used so far."""
        return _cpu_s(self._process())

    def _process(self) -> psutil.Process:
        assert self.service.process is not None
        return psutil.Process(self.service.process.pid)


@contextlib.contextmanager
def simulated_fleet(folder: Path, result_size: int = 1024) -> Iterator[Fleet]:
    service = ServiceProcess(folder / "service").start()
    herd = Herd()
    try:
        service.create_owner()
        api = service.api()
        ca_pem = api.post("/api/v1/enrollment-tokens", {"name": "simulated"})["ca_pem"]
        herd.do("aim", url=service.ready["agent_url"], ca_pem=ca_pem)
        yield Fleet(service, api, herd, result_size)
    finally:
        herd.stop()
        service.stop()


@dataclass
class Floor:
    """The echo service with its peers."""

    process: subprocess.Popen[bytes]
    herd: Herd

    def cpu_s(self) -> float:
        return _cpu_s(psutil.Process(self.process.pid))


@contextlib.contextmanager
def echo_floor(folder: Path, peers: int, answer_size: int = 1024) -> Iterator[Floor]:
    process = python(
        "-m", "tests.bench.echo_service", str(folder / "echo"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    herd = Herd()
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        herd.do("aim", url=ready["url"], ca_pem=ready["ca_pem"])
        herd.do("attach", count=peers, answer_size=answer_size)
        yield Floor(process, herd)
    finally:
        herd.stop()
        _end(process)


def _cpu_s(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
