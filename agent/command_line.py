"""What the command line asks for. Exit codes: 0 done, 1 failed with one sentence on stderr, 2 usage."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent.errors import AgentError
from agent.tls import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from agent.data_folder import DataFolder
    from agent.enrollment import Enrollment
    from agent.identity import Identity


def run(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        command = {
            "run": _run,
            "service": _service,
            "install-service": _install_service,
            "uninstall-service": _uninstall_service,
            "selftest": _selftest,
            "facts": _facts,
        }[options.command]
        return command(options)
    except AgentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deployflow-agent", description="The DeployFlow agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("run", help="keep in touch with the service; enrols first when it must")
    for name, text in (
        ("install-service", "start the agent with the system from now on"),
        ("uninstall-service", "no longer start the agent with the system"),
    ):
        _add_data_folder(commands.add_parser(name, help=text))
    commands.add_parser("selftest", help="check that everything the agent needs works on this machine")
    _add_data_folder(start)
    start.add_argument("--server", type=_server, help="address of the service, https://HOST:PORT")
    start.add_argument("--pin", type=_pin, help="pin of the service's CA, sha256:...")
    start.add_argument("--token-file", help="file with the enrolment token, or - for standard input")
    # Not for people: the Windows service, and what the step type `inventory` runs.
    _add_data_folder(commands.add_parser("service"))
    commands.add_parser("facts")
    return parser


def _add_data_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", required=True, type=Path, help="folder of this device's data")


def _server(text: str) -> str:
    try:
        address_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text.rstrip("/")


def _pin(text: str) -> str:
    digits = text.removeprefix("sha256:").lower()
    if text == digits or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text} is not a pin: sha256: and 64 hex digits.")
    return f"sha256:{digits}"


def _run(options: argparse.Namespace) -> int:
    from agent.data_folder import lock, open_data_folder
    from agent.logs import start_logging

    if _has_begun_to_leave(options.data_dir):
        return _leave(options.data_dir)
    folder = open_data_folder(options.data_dir)
    with lock(folder) as held:
        start_logging(folder.logs)
        enrollment, identity = _enrolled(folder, options)
        from agent.program import run_until_stopped

        if run_until_stopped(folder, enrollment, identity):
            return _remove_itself(folder, held)
    return 0


def _has_begun_to_leave(root: Path) -> bool:
    from agent.leave import Leave

    return Leave(root).is_begun()


def _leave(root: Path) -> int:
    """Go on with what a former life has begun."""
    from agent.data_folder import DataFolder, lock

    folder = DataFolder(root.absolute())
    with lock(folder) as held:
        return _remove_itself(folder, held)


def _remove_itself(folder: DataFolder, held: IO[bytes]) -> int:
    from agent.leave import Leave
    from agent.logs import stop_logging

    leave = Leave(folder.root)
    leave.begin()
    stop_logging()
    sentence = leave.finish(held)
    # A Windows service has nobody to tell.
    if sys.stderr is not None:
        sys.stderr.write(f"{sentence}\n")
    return 0


def _enrolled(folder: DataFolder, options: argparse.Namespace) -> tuple[Enrollment, Identity]:
    from agent.enrollment import at_address, load_enrollment
    from agent.identity import load_identity

    enrollment, identity = load_enrollment(folder.enrollment), load_identity(folder.identity_key)
    if enrollment is None:
        return _enroll(folder, identity, options)
    if identity is None or identity.device_uid != enrollment.device_uid:
        raise AgentError(
            f"The key in {folder.identity_key} is missing or not that of this device; "
            "restore it, or delete the data folder and enrol again."
        )
    if options.pin not in (None, enrollment.pin):
        raise AgentError(
            f"The data folder {folder.root} belongs to a device of another service (pin {enrollment.pin}); "
            "choose another folder for this one."
        )
    if options.server is not None:
        enrollment = at_address(folder.enrollment, enrollment, options.server)
    return enrollment, identity


def _enroll(
    folder: DataFolder, identity: Identity | None, options: argparse.Namespace
) -> tuple[Enrollment, Identity]:
    import logging
    import random
    import time

    from agent.backoff import Backoff
    from agent.enroll import Invitation, enroll
    from agent.identity import make_identity
    from agent.probes import collect_facts

    if not (options.server and options.pin and options.token_file):
        raise AgentError(
            "This device is not enrolled yet: give --server, --pin and --token-file, as in the console."
        )
    invitation = Invitation(options.server, options.pin, _token(options.token_file))
    identity = identity or make_identity(folder.identity_key)
    enrollment = enroll(
        invitation,
        identity,
        collect_facts(),
        folder.enrollment,
        backoff=Backoff(random.uniform),
        sleep=time.sleep,
    )
    logging.getLogger(__name__).info(
        "enrolled as device %d; its words are %s", enrollment.device_id, enrollment.fingerprint
    )
    return enrollment, identity


def _token(name: str) -> str:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise AgentError(f"The token file {name} cannot be read: {reason}.") from None
    if not text.strip():
        raise AgentError("The enrolment token is empty; copy it from the console again.")
    return text.strip()


def _service(options: argparse.Namespace) -> int:
    if sys.platform == "win32":
        import logging

        from agent.data_folder import lock, open_data_folder
        from agent.logs import start_logging
        from agent.platform.windows_service import host

        if _has_begun_to_leave(options.data_dir):
            return _leave(options.data_dir)
        folder = open_data_folder(options.data_dir)
        with lock(folder) as held:
            start_logging(folder.logs)
            nothing_given = argparse.Namespace(server=None, pin=None, token_file=None)
            try:
                enrollment, identity = _enrolled(folder, nothing_given)
            except AgentError as error:
                # Nobody reads the stderr of a service.
                logging.getLogger(__name__).critical("%s", error)
                raise
            from agent.program import run_until_stopped

            leaves: list[bool] = []
            host(
                folder.root,
                lambda stop_when: leaves.append(run_until_stopped(folder, enrollment, identity, stop_when)),
            )
            if any(leaves):
                return _remove_itself(folder, held)
        return 0
    raise AgentError("This command is for the service manager of Windows.")


def _install_service(options: argparse.Namespace) -> int:
    from agent.data_folder import open_data_folder
    from agent.platform import this_platform

    folder = open_data_folder(options.data_dir)
    if not folder.enrollment.exists():
        raise AgentError(
            f"The device in {folder.root} is not enrolled yet: start it once with `run` and its options."
        )
    sys.stdout.write(this_platform().install_service(folder.root) + "\n")
    return 0


def _uninstall_service(options: argparse.Namespace) -> int:
    from agent.platform import this_platform

    sys.stdout.write(this_platform().uninstall_service(options.data_dir.absolute()) + "\n")
    return 0


def _selftest(options: argparse.Namespace) -> int:
    from agent.selftest import selftest

    return selftest(sys.stdout)


def _facts(options: argparse.Namespace) -> int:
    import json

    from agent.probes import collect_facts
    from agent.wire.codec import to_plain

    sys.stdout.write(json.dumps(to_plain(collect_facts()), indent=1) + "\n")
    return 0
