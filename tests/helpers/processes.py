"""The real programs as processes: a service on its own data folder, agents, and a client for its API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[2]
OWNER, PASSWORD = "owner", "correct horse battery staple"
START_S = 30.0
WAIT_S = 30.0

T = TypeVar("T")


class Refused(Exception):  # noqa: N818
    """The API answered with an error: `status`, and the decoded body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def eventually(probe: Callable[[], T | None], what: str, timeout_s: float = WAIT_S) -> T:
    """The first true value of `probe`, asked often; AssertionError naming `what` after `timeout_s`."""
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < timeout_s:
        value = probe()
        if value:
            return value
        # Who asks all the time takes the processor from whom it waits for.
        time.sleep(min(max(waited / 20, 0.01), 0.1))
    raise AssertionError(f"within {timeout_s} s: no {what}")


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; nothing where it has just ended, as what an agent asks for a moment does."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def python(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """`python ARGUMENTS` in the project's folder."""
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, **options)


def run_python(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """The same, to its end; `text` on its stdin."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Api:
    """Calls to the admin API with the standard library alone."""

    url: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The decoded answer (bytes if it is not JSON). Raises Refused."""
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with _OPENER.open(request, data, timeout=30) as answer:
                return _decoded(answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, _decoded(error.headers.get_content_type(), error.read())) from None

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, headers)

    def log_in(self) -> None:
        answer = self.post("/api/v1/auth/login", {"username": OWNER, "password": PASSWORD})
        self.token = answer["access_token"]

    def make_script(self, name: str, content: str, language: str = "sh", **fields: Any) -> int:
        body = {"name": name, "content": content, "language": language, **fields}
        return int(self.post("/api/v1/scripts", body)["id"])

    def start(self, script_id: int, device_id: int, **fields: Any) -> int:
        """Run the script on the device; the run's id."""
        body = {"script_id": script_id, "targets": {"devices": [device_id]}, **fields}
        return int(self.post("/api/v1/rollouts", body)["run_ids"][0])

    def run(self, run_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/v1/runs/{run_id}")
        return found

    def ended(self, run_id: int, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """The run once it has ended."""
        return eventually(
            lambda: run if (run := self.run(run_id))["ended_at"] else None, f"end of run {run_id}", timeout_s
        )

    def output(self, run_id: int, stream: str = "stdout") -> bytes:
        raw: bytes = self.get(f"/api/v1/runs/{run_id}/steps/1/output?stream={stream}")
        return raw


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _decoded(kind: str, raw: bytes) -> Any:
    return json.loads(raw) if kind == "application/json" and raw else raw


@dataclass
class ServiceProcess:
    """`python -m backend_lite serve`; start it again on the same folder as often as wanted."""

    folder: Path
    options: tuple[str, ...] = ()
    program: tuple[str, ...] = ("-m", "backend_lite")
    process: subprocess.Popen[bytes] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    def start(self) -> ServiceProcess:
        """Returns once the ready line is there."""
        log = (self.folder.parent / f"{self.folder.name}.stderr").open("ab")
        with log:
            self.process = python(
                *self.program, "serve", "--data-dir", str(self.folder), *self.options,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the service did not start: {Path(log.name).read_text()[-3000:]}")
        self.ready = json.loads(line)
        return self

    def create_owner(self) -> None:
        done = run_python(
            "-m", "backend_lite", "create-owner", "--data-dir", str(self.folder), "--username", OWNER,
            text=PASSWORD + "\n",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def enrollment_token(self, *options: str) -> str:
        done = run_python("-m", "backend_lite", "enrollment-token", "--data-dir", str(self.folder), *options)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["token"])

    def api(self) -> Api:
        api = Api(self.ready["admin_url"])
        api.log_in()
        return api

    def stop(self) -> int:
        return _stop(self.process)

    def kill(self) -> None:
        _kill(self.process)


@dataclass
class AgentProcess:
    """`python -m agent run`; start it again on the same folder as often as wanted."""

    folder: Path
    program: tuple[str, ...] = ("-m", "agent")
    process: subprocess.Popen[bytes] | None = None

    def start(self, service: ServiceProcess | None = None, token: str | None = None) -> AgentProcess:
        """Returns at once. With a service and a token it enrols first, unless it has."""
        arguments = [*self.program, "run", "--data-dir", str(self.folder)]
        if service is not None:
            arguments += ["--server", service.ready["agent_url"], "--pin", service.ready["agent_pin"]]
        if token is not None:
            arguments += ["--token-file", "-"]
        with (self.folder.parent / f"{self.folder.name}.stderr").open("ab") as log:
            self.process = python(*arguments, stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write((token or "").encode())
            self.process.stdin.close()
        return self

    def stop(self) -> int:
        return _stop(self.process)

    def kill(self) -> None:
        """SIGKILL of the agent alone: what it has started goes on."""
        _kill(self.process)


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[tuple[ServiceProcess, AgentProcess, Api, int]]:
    """A service with an owner, one approved and connected agent, a signed-in client, the device's id."""
    service = ServiceProcess(folder / "service").start()
    agent = AgentProcess(folder / "agent")
    try:
        service.create_owner()
        agent.start(service, service.enrollment_token("--auto-approve"))
        api = service.api()
        yield service, agent, api, connected_device(api)
    finally:
        agent.stop()
        service.stop()


def connected_device(api: Api) -> int:
    """The id of the first device whose agent is connected."""

    def probe() -> int | None:
        return next((int(device["id"]) for device in api.get("/api/v1/devices") if device["connected"]), None)

    return eventually(probe, "connected device")


def _stop(process: subprocess.Popen[bytes] | None) -> int:
    if process is None:
        return 0
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return process.returncode


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
