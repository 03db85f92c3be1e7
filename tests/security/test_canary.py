"""Secrets that people hand to the service stand in the clear nowhere it writes, nor in what it shows."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.processes import PASSWORD, Api, Refused, ServiceProcess

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

CANARY = "canary-5e1f0f9c-hidden"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    options = ("--key-file", str(tmp_path / "master.key"))
    running = ServiceProcess(tmp_path / "service", options).start()
    try:
        running.create_owner()
        yield running
    finally:
        running.stop()


def _handed_over(api: Api) -> list[str]:
    """Every kind of secret that people give or get."""
    api.post("/api/v1/users", {"username": "canary", "password": CANARY})
    api.call("PUT", "/api/v1/setting-forms/email", {"password": CANARY})
    token = api.post("/api/v1/api-tokens", {"name": "canary"})["token"]
    enrollment = api.post("/api/v1/enrollment-tokens", {"name": "canary"})["token"]
    with pytest.raises(Refused):
        api.post("/api/v1/auth/login", {"username": CANARY, "password": CANARY + "!"})
    with pytest.raises(Refused):
        api.post("/api/v1/scripts", {"name": "x", "content": 7, "secret": CANARY})
    return [CANARY, PASSWORD, api.token, token, enrollment]


def _in_files(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def _in_process(number: int, secret: str) -> list[str]:
    shown = {name: Path(f"/proc/{number}/{name}").read_bytes() for name in ("cmdline", "environ")}
    assert all(shown.values())
    return [name for name, raw in shown.items() if secret.encode() in raw]


def test_no_secret_is_written_or_shown(service: ServiceProcess, tmp_path: Path) -> None:
    api = service.api()
    secrets = _handed_over(api)
    backup = api.post("/api/v1/backups", {})
    assert service.process is not None
    told = json.dumps(
        [backup]
        + [api.get(path) for path in ("/api/v1/audit", "/api/v1/users", "/api/v1/api-tokens")]
        + [api.get(path) for path in ("/api/v1/enrollment-tokens", "/api/settings", "/api/v1/setting-forms")]
    )
    for secret in secrets:
        assert _in_process(service.process.pid, secret) == []
        assert _in_files(tmp_path, secret) == []
        assert secret not in told
    assert any(path.name.endswith("-wal") for path in service.folder.iterdir()), "the newest stands there"
    launch = json.loads((service.folder / "run" / "service.json").read_text())["secret"]
    assert [path.name for path in _in_files(tmp_path, launch)] == ["service.json"]
    service.stop()
    assert {path for secret in secrets for path in _in_files(tmp_path, secret)} == set()


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setitem(os.environ, "TMPDIR", str(temporary))
    running = ServiceProcess(tmp_path / "service", ("--key-file", str(tmp_path / "master.key"))).start()
    try:
        running.create_owner()
        secrets = _handed_over(running.api())
        assert {path for secret in secrets for path in _in_files(temporary, secret)} == set()
    finally:
        running.stop()
