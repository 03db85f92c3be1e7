"""Scripts in the languages that an endpoint may have.

A `part` is the folder, with a slash behind it, of a script that is not the only one of its attempt.
"""

from __future__ import annotations

import base64

from agent.attempt_folder import PARAMETER_FILE, AttemptFolder
from agent.handlers import RejectionError, parameters
from agent.handlers.parameters import Given
from agent.handlers.powershell_launcher import LAUNCHER
from agent.job import Job
from agent.platform import this_platform
from agent.wire.messages import Offer

_NAMES = {"powershell": "PowerShell", "bash": "bash", "sh": "sh", "cmd": "cmd.exe", "python": "Python"}
_BOM = "\ufeff"


_FOLDER_VARIABLE = "DEPLOYFLOW_FOLDER"


def shell(offer: Offer, folder: str, secrets: dict[str, str], part: str = "") -> Job:
    """bash and sh."""
    given = parameters.given(offer, folder, secrets)
    return _job(offer, folder, given, f"{part}script.{offer.type}", _lines(offer, "\n").encode())


def python(offer: Offer, folder: str, secrets: dict[str, str], part: str = "") -> Job:
    given = parameters.given(offer, folder, secrets)
    job = _job(offer, folder, given, f"{part}script.py", _lines(offer, "\n").encode(), switches=["-u"])
    job.environment.setdefault("PYTHONIOENCODING", "utf-8")
    return job


def cmd(offer: Offer, folder: str, secrets: dict[str, str], part: str = "") -> Job:
    """cmd.exe parses its command line a second time, so nothing but a constant goes there."""
    if offer.arguments:
        raise RejectionError(
            "A cmd script takes no arguments, because cmd.exe would parse them again; "
            "use parameters: they arrive as DF_ variables."
        )
    text = _lines(offer, "\r\n")
    given = parameters.given(offer, folder, secrets)
    if offer.working_folder:
        # The script's own place stays the constant one below; a variable in quotes is not parsed again.
        text = f'@cd /d "%{_FOLDER_VARIABLE}%"\r\n@if errorlevel 1 exit /b 1\r\n{text}'
    if not text.isascii():
        # cmd.exe reads a script in the console's code page.
        text = "@chcp 65001 >nul\r\n" + text
    job = _job(offer, folder, given, f"{part}script.cmd", text.encode())
    if offer.working_folder:
        job.environment[_FOLDER_VARIABLE], job.folder = offer.working_folder, ""
    # Its place in the working folder is constant; the folder's own path might mean something to cmd.exe.
    script = "\\".join((".", *f"{part}script.cmd".split("/")))
    job.argv = [job.argv[0], "/d", "/c", script]
    return job


def powershell(offer: Offer, folder: str, secrets: dict[str, str], part: str = "") -> Job:
    """Windows PowerShell and pwsh. The launcher binds the parameters; none is on a command line."""
    script = _lines(offer, None).encode("utf-8-sig")
    given = parameters.given(offer, folder, secrets)
    job = _job(offer, folder, given, f"{part}script.ps1", script, arguments=False)
    job.files[f"{part}launch.ps1"] = LAUNCHER.encode("utf-8-sig")
    job.files[f"{part}launch.txt"] = _launch_list(offer, given)
    launcher = AttemptFolder(folder).work_file(f"{part}launch.ps1")
    switches = ["-NoProfile", "-NonInteractive"]
    if this_platform().os_type == "windows":
        switches += ["-ExecutionPolicy", "Bypass"]
    job.argv = [job.argv[0], *switches, "-File", launcher]
    return job


def _launch_list(offer: Offer, given: Given) -> bytes:
    """One line per parameter (`P name type value`) and argument (`A value`), values in Base64.

    Not JSON: ConvertFrom-Json of newer versions turns strings that look like dates into dates.
    """
    lines = []
    for name, value in given.everything().items():
        kind = {bool: "b", int: "i", float: "d", str: "s"}[type(value)]
        lines.append(f"P {name} {kind} {_base64(parameters.as_text(value))}")
    lines += [f"A {_base64(argument)}" for argument in offer.arguments]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _job(
    offer: Offer,
    folder: str,
    given: Given,
    name: str,
    script: bytes,
    *,
    switches: list[str] | None = None,
    arguments: bool = True,
) -> Job:
    interpreter = this_platform().interpreter(offer.type)
    if interpreter is None:
        raise RejectionError(f"{_NAMES[offer.type]} is not installed on this device.")
    place = AttemptFolder(folder)
    handed_on = list(offer.arguments) if arguments else []
    return Job(
        [interpreter, *(switches or []), place.work_file(name), *handed_on],
        offer.timeout_s,
        files={name: script, PARAMETER_FILE: given.document(), **given.files},
        environment={
            **given.environment(),
            parameters.PARAMETER_VARIABLE: place.work_file(PARAMETER_FILE),
        },
        folder=offer.working_folder,
    )


def _lines(offer: Offer, line_end: str | None) -> str:
    """The script's text without a byte order mark and with these line ends. Raises RejectionError."""
    text = offer.payload.removeprefix(_BOM)
    if not text.strip():
        raise RejectionError("The script is empty.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RejectionError("The script contains half a character (a lone surrogate).") from None
    if line_end is not None:
        text = text.replace("\r\n", "\n").replace("\n", line_end)
    return text
