"""Commands on the data folder of a running service: they ask it, and say so when it does not answer."""

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_lite.core.security.launch import read_launch
from tests.backend.cli.conftest import Run
from tests.helpers.processes import Api, Refused, ServiceProcess

pytestmark = pytest.mark.sockets

PASSWORD = b"four unrelated words\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    running = ServiceProcess(tmp_path_factory.mktemp("beside") / "data").start()
    yield running
    running.stop()


def test_the_commands_go_through_the_service(run: Run, service: ServiceProcess) -> None:
    folder = service.folder
    early = json.loads(run("enrollment-token", "--data-dir", folder).out)
    assert early["agent_pin"] == service.ready["agent_pin"]

    weak = run("create-owner", "--data-dir", folder, "--username", "ada", stdin=b"short\n")
    assert (weak.code, weak.err.startswith("The password has 5 characters")) == (1, True)
    made = run("create-owner", "--data-dir", folder, "--username", "ada", stdin=PASSWORD)
    assert (made.code, made.out) == (0, 'The owner "ada" can sign in now.\n')
    again = run("create-owner", "--data-dir", folder, "--username", "bob", stdin=PASSWORD)
    assert (again.code, again.err.startswith("There is an owner already.")) == (1, True)

    api = Api(service.ready["admin_url"])
    body = {"username": "ada", "password": PASSWORD.decode().strip()}
    api.token = api.post("/api/v1/auth/login", body)["access_token"]
    token = json.loads(run("enrollment-token", "--data-dir", folder, "--ttl", "2h", "--uses", "3").out)
    assert token["agent_pin"] == service.ready["agent_pin"]
    listed, first = api.get("/api/v1/enrollment-tokens")["items"]
    assert (listed["uses"], listed["created_by"], first["created_by"]) == (3, "ada", "")
    with pytest.raises(Refused) as refused:
        api.post("/api/v1/setup/enrollment-token", {"secret": "any", "wanted": {}})
    assert refused.value.status == 404

    assert "/api/v1/rollouts" in json.loads(run("openapi", "--data-dir", folder).out)["paths"]
    report = run("doctor", "--data-dir", folder)
    assert (report.code, service.ready["admin_url"] in report.out) == (0, True)


def test_a_backup_is_made_beside_the_service(run: Run, service: ServiceProcess, tmp_path: Path) -> None:
    made = run("backup", "--data-dir", service.folder, "--without-output")
    assert (made.code, made.err) == (0, "")
    (backup,) = (service.folder / "backups").iterdir()
    assert made.out.startswith(f"{backup} is a verified backup")
    elsewhere = run("backup", "--data-dir", service.folder, "--to", tmp_path / "copy")
    assert (elsewhere.code, (tmp_path / "copy" / "MANIFEST.json").exists()) == (0, True)
    refused = run("restore", "--data-dir", service.folder, "--from", backup)
    assert (refused.code, "is in use by another DeployFlow service" in refused.err) == (1, True)


def test_a_password_is_reset_beside_the_service(run: Run, service: ServiceProcess) -> None:
    reset = ("reset-password", "--data-dir", service.folder, "--username")
    api = Api(service.ready["admin_url"])
    body = {"username": "ada", "password": PASSWORD.decode().strip()}
    api.token = api.post("/api/v1/auth/login", body)["access_token"]
    unknown = run(*reset, "bob", stdin=PASSWORD)
    assert (unknown.code, 'There is no user "bob". There are: ada.' in unknown.err) == (1, True)
    done = run(*reset, "Ada", stdin=b"entirely other words\n")
    assert (done.code, done.err) == (0, "")
    with pytest.raises(Refused) as ended:
        api.get("/api/v1/devices")
    assert ended.value.status == 401
    assert api.post("/api/v1/auth/login", body | {"password": "entirely other words"})["access_token"]


def test_what_needs_the_folder_for_itself_is_refused_in_one_sentence(
    run: Run, service: ServiceProcess
) -> None:
    for command in ("migrate", "serve"):
        refused = run(command, "--data-dir", service.folder)
        assert (refused.code, refused.out) == (1, "")
        assert "is in use by another DeployFlow service" in refused.err.splitlines()[-1]


def test_the_command_s_own_session_ends_with_it(run: Run, service: ServiceProcess) -> None:
    run("openapi", "--data-dir", service.folder)
    with sqlite3.connect(f"{(service.folder / 'deployflow.db').as_uri()}?mode=ro", uri=True) as connection:
        newest = connection.execute(
            "SELECT revoked_at IS NOT NULL FROM tokens WHERE kind = 'session' ORDER BY id DESC"
        ).fetchone()
    connection.close()
    assert newest == (1,)


def test_asking_it_loads_no_second_service() -> None:
    heavy = "{name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'litestar', 'alembic'}"
    probe = f"import sys, backend_lite.__main__, backend_lite.commands; print({heavy})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_beside_a_service_that_hangs_nothing_is_written(run: Run, service: ServiceProcess) -> None:
    launch = read_launch(service.folder / "run" / "service.json")
    assert launch is not None
    nowhere = json.dumps(launch.__dict__ | {"admin_url": "http://127.0.0.1:1"})
    file = service.folder / "run" / "service.json"
    before = file.read_bytes()
    file.write_text(nowhere)
    try:
        refused = run("enrollment-token", "--data-dir", service.folder)
    finally:
        file.write_bytes(before)
    assert (refused.code, "is in use by another" in refused.err) == (1, True)


def test_listeners_that_move_are_told_and_the_audit_is_checked_beside_the_service(
    run: Run, service: ServiceProcess
) -> None:
    api = Api(service.ready["admin_url"])
    launch = read_launch(service.folder / "run" / "service.json")
    assert launch is not None
    signed_in = api.post("/api/v1/auth/local", {"secret": launch.secret, "command": True})
    api.token = signed_in["access_token"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    api.call("PUT", "/api/v1/agent-endpoint", {"host": "127.0.0.1", "port": port})
    api.call("PUT", "/api/v1/boot-endpoint", {"enabled": True})
    api.call("PUT", "/api/v1/boot-endpoint", {"enabled": False})
    told = api.get("/api/v1/audit")["items"][:3]
    assert {one["actor_username"] for one in told} == {"ada"}
    off, on, moved = (
        json.loads(api.get(f"/api/v1/audit/{one['id']}")["event"]["after_data"]) for one in told
    )
    assert [one["action"] for one in told] == ["boot.update", "boot.update", "agent_endpoint.move"]
    assert (off["enabled"], on["enabled"], moved) == (False, True, {"port": str(port)})

    whole = run("verify-audit", "--data-dir", service.folder)
    assert (whole.code, whole.out.startswith("The audit is whole: ")) == (0, True)
    change = "UPDATE audit_events SET summary = replace(summary, 'a', 'e') WHERE id = 2"
    with sqlite3.connect(service.folder / "deployflow.db") as connection:
        assert connection.execute(change).rowcount == 1
    connection.close()
    broken = run("verify-audit", "--data-dir", service.folder)
    assert (broken.code, broken.out) == (1, "")
    assert "The audit is broken at event 2: This event was changed" in broken.err
