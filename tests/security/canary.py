"""Secrets of every kind, handed over and used for real; then everything is searched for them."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pyotp

from tests.helpers.processes import (
    PASSWORD,
    AgentProcess,
    Api,
    Refused,
    ServiceProcess,
    connected_device,
    eventually,
    run_python,
)

CANARY = "canary-5e1f0f9c-hidden"
_SHOWS = """
import json, os, sys, time
values = json.load(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8"))
open(os.environ["DF_GATE"] + ".reached", "w").close()
while not os.path.exists(os.environ["DF_GATE"]):
    time.sleep(0.02)
print("it is", values["password"], flush=True)
print("Bearer " + values["password"], file=sys.stderr)
sys.exit(0 if values["password"].startswith("canary") else 1)
"""
_ASKED = (
    "/api/v1/audit", "/api/v1/users", "/api/v1/api-tokens", "/api/v1/enrollment-tokens", "/api/settings",
    "/api/v1/setting-forms", "/api/v1/sessions", "/api/v1/devices", "/api/v1/rollouts", "/api/v1/runs",
    "/api/v1/rollouts/1", "/api/v1/runs/1", "/api/v1/runs/1/steps/1/output", "/api/v1/scripts",
    "/api/v1/rollouts/1/outputs", "/api/v1/auth/second-factor", "/api/v1/backups", "/openapi.json",
    "/api/v1/audit/export?format=jsonl", "/api/v1/audit/export?format=csv", "/api/v1/devices/export",
    "/api/v1/expected-devices/export",
)  # fmt: skip


@dataclass
class Searched:
    """`found` tells where a secret stood in the clear; the counts what was looked through."""

    secrets: int = 0
    files: int = 0
    bytes: int = 0
    processes: int = 0
    answers: int = 0
    found: list[str] = field(default_factory=list)


def searched(folder: Path) -> Searched:
    """Starts a service and an agent in `folder`, which is all that they write to."""
    temporary = folder / "temporary"
    temporary.mkdir()
    before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(temporary)
    try:
        return _Search(folder).run()
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


class _Search:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key_file = folder / "master.key"
        self._service = ServiceProcess(folder / "service", ("--key-file", str(self._key_file)))
        self._agent = AgentProcess(folder / "agent")
        self._secrets: dict[str, str] = {}
        self._seen = Searched()

    def run(self) -> Searched:
        self._service.start()
        try:
            self._service.create_owner()
            token = self._service.enrollment_token("--auto-approve")
            self._agent.start(self._service, token)
            api = self._service.api()
            device_id = connected_device(api)
            self._secrets |= {"owner's password": PASSWORD, "session": api.token, "enrollment token": token}
            self._hand_over(api)
            self._let_work(api, device_id)
            self._know_keys()
            self._ask(api)
            self._bring_out(api)
            assert any(path.name.endswith("-wal") for path in self._service.folder.iterdir())
            self._look_into_files()
        finally:
            self._agent.stop()
            self._service.stop()
        # What was in memory only may have been written at the end.
        self._look_into_files()
        self._seen.secrets = len(self._secrets)
        return self._seen

    def _hand_over(self, api: Api) -> None:
        secret = self._secrets
        secret["user's password"] = f"{CANARY}-user"
        api.post("/api/v1/users", {"username": "canary", "password": secret["user's password"]})
        for group, name in (("email", "password"), ("oidc", "client_secret")):
            secret[f"setting {group}.{name}"] = f"{CANARY}-{group}"
            api.call("PUT", f"/api/v1/setting-forms/{group}", {name: f"{CANARY}-{group}"})
        secret["API token"] = api.post("/api/v1/api-tokens", {"name": "canary"})["token"]
        registered = {"hostname": "plain", "enrollment_token": secret["enrollment token"]}
        secret["device secret"] = Api(api.url).post("/api/v1/agent/register", registered)["device_secret"]
        asked = Api(api.url).post("/api/sdk/auth/start", {"machine_name": "pc"})["session_id"]
        api.post("/api/sdk/auth/confirm", {"session_id": asked})
        secret["SDK token"] = Api(api.url).get(f"/api/sdk/auth/status?session_id={asked}")["access_token"]
        self._mistype(Api(api.url), api)
        second = api.post("/api/v1/auth/second-factor", {})
        secret["TOTP secret"] = second["secret"]
        code = pyotp.TOTP(second["secret"]).at(time.time())
        codes = api.post("/api/v1/auth/second-factor/confirm", {"otp": code})["codes"]
        secret |= {f"recovery code {number}": one for number, one in enumerate(codes)}

    def _mistype(self, nobody: Api, api: Api) -> None:
        """Secrets where none belongs: in refused requests, and in the place of a name."""
        self._secrets["mistyped password"] = f"{CANARY}-mistyped"
        mistyped = self._secrets["mistyped password"]
        for caller, path, body in (
            (nobody, "/api/v1/auth/login", {"username": "owner", "password": mistyped}),
            (nobody, "/api/v1/auth/login", {"username": mistyped, "password": mistyped}),
            (nobody, "/api/v1/agent/register", {"hostname": "x", "enrollment_token": mistyped}),
            (nobody, "/api/v1/auth/local", {"secret": mistyped}),
            (api, "/api/v1/scripts", {"name": "x", "content": 7, "secret": mistyped}),
            (api, "/api/v1/users", {"username": "y", "password": mistyped, "roles": "x"}),
        ):
            try:
                caller.post(path, body)
            except Refused as refused:
                self._judge(f"refusal of {path}", json.dumps(refused.body).encode())
            else:
                raise AssertionError(f"{path} took {body}")

    def _let_work(self, api: Api, device_id: int) -> None:
        gate = self._folder / "gate"
        self._secrets["parameter"] = f"{CANARY}-parameter"
        declared = [
            {"name": "password", "type": "secret", "required": True},
            {"name": "gate", "type": "text"},
        ]
        script_id = api.make_script("Shows", _SHOWS, "python", parameters=declared)
        values = {"password": self._secrets["parameter"], "gate": str(gate)}
        run_id = api.start(script_id, device_id, parameters=values)
        eventually(Path(f"{gate}.reached").exists, "running script")
        self._know_keys()
        self._look_into_processes()
        gate.touch()
        run = api.ended(run_id)
        assert run["state"] == "succeeded", run
        assert b"it is ***" in api.output(run_id), "it ran with its secret"

    def _know_keys(self) -> None:
        self._secrets["master key"] = self._key_file.read_bytes().decode("latin-1")
        launch = json.loads((self._service.folder / "run" / "service.json").read_text())["secret"]
        self._secrets["launch secret"] = launch

    def _ask(self, api: Api) -> None:
        for path in _ASKED:
            answer = api.get(path)
            raw = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
            self._seen.answers += 1
            self._judge(path, raw)

    def _bring_out(self, api: Api) -> None:
        """What leaves the machine: a backup, and what people send to those who help them."""
        api.post("/api/v1/backups", {})
        bundle = self._folder / "bundle.zip"
        done = run_python(
            "-m", "backend_lite", "doctor", "--data-dir", str(self._service.folder), "--bundle", str(bundle)
        )
        self._judge("doctor", (done.stdout + done.stderr).encode())
        assert bundle.exists(), done.stderr

    def _look_into_processes(self) -> None:
        for process in self._processes():
            # Some only live for a moment: an agent also looks what is installed.
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
                for name in ("cmdline", "environ"):
                    told = Path(f"/proc/{process.pid}/{name}").read_bytes()
                    self._judge(f"{name} of {process.name()}", told)
                self._seen.processes += 1

    def _processes(self) -> Iterator[psutil.Process]:
        """The service, the agent, and whatever they started, the script among it."""
        for program in (self._service, self._agent):
            assert program.process is not None
            parent = psutil.Process(program.process.pid)
            yield from (parent, *parent.children(recursive=True))

    def _look_into_files(self) -> None:
        self._seen.files = self._seen.bytes = 0
        allowed = {"master key": "master.key", "launch secret": "service.json"}
        for path in self._folder.rglob("*"):
            if path.is_file():
                for name, raw in _contents(path):
                    self._seen.files += 1
                    self._seen.bytes += len(raw)
                    except_for = {kind for kind, file in allowed.items() if path.name == file}
                    self._judge(name, raw, except_for)

    def _judge(self, where: str, raw: bytes, except_for: set[str] | None = None) -> None:
        for kind, secret in self._secrets.items():
            if kind not in (except_for or ()) and any(form in raw for form in _forms(secret)):
                self._seen.found.append(f"{kind} in {where}")


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Of an archive, what is in it as well."""
    raw = path.read_bytes()
    yield str(path), raw
    if path.suffix == ".gz":
        yield f"{path}, unpacked", gzip.decompress(raw)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from ((f"{path}: {name}", archive.read(name)) for name in archive.namelist())


def _forms(secret: str) -> set[bytes]:
    """Ways to write it that hide nothing."""
    raw = secret.encode("latin-1")
    return {
        raw,
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        raw.hex().encode(),
        quote(raw).encode(),
    }


def told(seen: Searched) -> Mapping[str, Any]:
    return {name: value for name, value in vars(seen).items() if name != "found"}
