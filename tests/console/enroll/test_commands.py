import shlex

from hypothesis import given
from hypothesis import strategies as st

from console.core.local_agent import Invitation
from console.features.enroll.commands import agent_program, linux_command, windows_command
from console.features.enroll.firewall import hints

INVITATION = Invitation("https://192.0.2.2:8443", "sha256:" + "0a" * 32, "dfe_secret")


def test_the_token_goes_in_by_stdin_and_is_never_an_argument_of_the_agent() -> None:
    for command in (linux_command(INVITATION, "deployflow-agent"), windows_command(INVITATION, "x")):
        before, after = command.split("|", 1)
        assert "dfe_secret" in before
        assert "dfe_secret" not in after
        assert after.rstrip().endswith("--token-file -")


def test_what_a_shell_makes_of_the_linux_command() -> None:
    words = shlex.split(linux_command(INVITATION, agent_program(windows=False, installed=False)))
    assert words[:4] == ["printf", "%s", "dfe_secret", "|"]
    assert words[4:7] == [".venv/bin/python", "-m", "agent"]
    assert words[words.index("--server") + 1] == INVITATION.url
    assert words[words.index("--pin") + 1] == INVITATION.pin


def test_installed_the_agent_has_a_name_of_its_own() -> None:
    assert agent_program(windows=True, installed=True) == "deployflow-agent"


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_no_token_breaks_out_of_its_quotes(token: str) -> None:
    invitation = Invitation(INVITATION.url, INVITATION.pin, token)
    assert shlex.split(linux_command(invitation, "agent"))[2] == token
    windows = windows_command(invitation, "agent")
    inside = windows[1 : windows.index("' |\n")]
    assert inside.replace("''", "'") == token


def test_each_system_gets_its_own_firewall_command_with_the_port() -> None:
    for platform, tools in (("win32", ("New-NetFirewallRule", "netsh")), ("linux", ("ufw", "firewall-cmd"))):
        found = hints(8443, platform)
        assert len(found) == len(tools)
        assert all(
            tool in hint.command and "8443" in hint.command for tool, hint in zip(tools, found, strict=True)
        )
