"""The restore drill: the management PC is lost, another takes over the fleet from a recovery kit, and no
endpoint is touched."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.helpers.processes import (
    AgentProcess,
    Api,
    Refused,
    ServiceProcess,
    connected_device,
    eventually,
    run_python,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

PASSPHRASE = "five quite unrelated words here\n"
SECRET = b"k" * 32


@dataclass
class Drill:
    """One device, and the two management PCs. Scripts note their effect, then wait to be let go on."""

    folder: Path
    lost: ServiceProcess
    agent: AgentProcess
    api: Api
    device: int
    found: ServiceProcess | None = None
    runs: dict[str, int] = field(default_factory=dict)

    def begin(self, name: str, **policy: object) -> None:
        content = (
            f"echo begun; echo {name} >> {self.folder}/effects\n"
            f"while [ ! -e {self.folder}/{name}.go ]; do sleep 0.05; done\necho ended\n"
        )
        made = self.api.make_script(name, content)
        self.runs[name] = self.api.start(made, self.device, policy=policy)

    def let_go(self, *names: str) -> None:
        for name in names:
            (self.folder / f"{name}.go").touch()

    def state(self, name: str) -> tuple[str, str]:
        run = self.api.run(self.runs[name])
        return run["state"], run["reason"]

    def becomes(self, name: str, state: str, reason: str = "") -> None:
        eventually(lambda: self.state(name) == (state, reason), f"{name}: {state}")

    def output(self, name: str) -> bytes:
        return self.api.output(self.runs[name])

    def make_kit(self) -> Path:
        kit = self.folder / "fleet.kit"
        made = run_python(
            "-m", "backend_lite", "recovery-kit", "--data-dir", str(self.lost.folder), "--to", str(kit),
            text=PASSPHRASE,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        return kit

    def move(self, kit: Path) -> None:
        """The kit was brought to the new PC in time: the shorter the pause, the sooner agents are back."""
        folder, key_file = self.folder / "found", self.folder / "new.key"
        restored = run_python(
            "-m", "backend_lite", "restore", "--data-dir", str(folder), "--key-file", str(key_file),
            "--kit", str(kit), text=PASSPHRASE,
        )  # fmt: skip
        assert restored.returncode == 0, restored.stderr
        assert key_file.read_bytes() == SECRET
        port = str(urlsplit(self.lost.ready["agent_url"]).port)
        self.lost.kill()
        shutil.rmtree(self.lost.folder)
        self.found = ServiceProcess(folder, ("--key-file", str(key_file), "--agent-port", port)).start()
        assert self.found.ready["agent_pin"] == self.lost.ready["agent_pin"]
        self.api = self.found.api()


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    key_file = tmp_path / "master.key"
    key_file.write_bytes(SECRET)
    key_file.chmod(0o600)
    lost = ServiceProcess(tmp_path / "lost", ("--key-file", str(key_file))).start()
    drill = Drill(tmp_path, lost, AgentProcess(tmp_path / "agent"), Api(""), 0)
    try:
        lost.create_owner()
        drill.agent.start(lost, lost.enrollment_token("--auto-approve"))
        drill.api = lost.api()
        drill.device = connected_device(drill.api)
        yield drill
    finally:
        drill.agent.stop()
        lost.stop()
        if drill.found is not None:
            drill.found.stop()


def test_another_machine_takes_over_the_fleet(drill: Drill) -> None:
    drill.let_go("ended")
    drill.begin("ended")
    drill.becomes("ended", "succeeded")
    drill.begin("lasting", parallel=True)
    for name in ("open_then", "queued_then", "late"):
        drill.begin(name)
    drill.becomes("lasting", "running")
    drill.becomes("open_then", "running")
    kit = drill.make_kit()

    # What happens from here on, no backup knows.
    drill.let_go("open_then", "queued_then")
    drill.becomes("queued_then", "succeeded")
    drill.becomes("late", "running")
    drill.begin("lost_afterwards")
    old_session = drill.api.token
    drill.move(kit)

    with pytest.raises(Refused) as refused:
        Api(drill.api.url, old_session).get("/api/v1/devices")
    assert refused.value.status == 401
    assert connected_device(drill.api) == drill.device
    # The device tells how the one ended that was under way then, and the one that waited.
    drill.becomes("open_then", "succeeded")
    drill.becomes("queued_then", "succeeded")
    # These run there still: nobody says anything else of them.
    assert drill.state("lasting") == drill.state("late") == ("unknown", "restored")
    drill.let_go("lasting", "late")
    for name in ("lasting", "late"):
        drill.becomes(name, "succeeded")
    assert [drill.output(name) for name in ("ended", "lasting", "late")] == [b"begun\nended\n"] * 3

    drill.let_go("again")
    drill.begin("again")
    drill.becomes("again", "succeeded")
    assert drill.runs["again"] > drill.runs["lost_afterwards"]
    effects = (drill.folder / "effects").read_text().split()
    assert sorted(effects) == ["again", "ended", "lasting", "late", "open_then", "queued_then"]
