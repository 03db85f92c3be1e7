"""The command line of the service. Exit codes: 0 done, 1 failed with one sentence on stderr, 2 usage."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lite import __version__
from backend_lite.errors import ServiceError, StartError

if TYPE_CHECKING:
    from backend_lite.config import Config

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # The database holds what scripts said and the hashes of secrets: nobody else reads what we write.
    os.umask(0o077)
    try:
        return _run(options)
    except (StartError, ServiceError) as error:
        print(_one_sentence(str(error)), file=sys.stderr)  # noqa: T201
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201
    except OSError as error:
        print(_one_sentence(f"{options.command} failed: {error}"), file=sys.stderr)  # noqa: T201
    return 1


def _run(options: argparse.Namespace) -> int:
    config = _config(options)
    if options.command == "serve":
        return _serve(config)
    _log_warnings_only()
    if options.command == "doctor":
        from backend_lite.doctor.run import run_doctor

        return run_doctor(config.data, options.bundle)
    print(_answer(options, config))  # noqa: T201
    return 0


def _serve(config: Config) -> int:
    # Nothing that is loaded now is garbage: to look for it takes a fifth of the start. The running service
    # looks again.
    gc.disable()
    from backend_lite.app import serve
    from backend_lite.core.security.key_file import ensure_key_file

    if config.key_file is not None:
        if config.key_file.parent == config.data.root:
            # A first start has to make the folder.
            config.data.open()
        ensure_key_file(config.key_file)
    serve(config)
    return 0


def _answer(options: argparse.Namespace, config: Config) -> str:
    from backend_lite import commands

    match options.command:
        case "migrate":
            return commands.migrate_folder(config)
        case "create-owner":
            return commands.create_owner(config, options.username)
        case "enrollment-token":
            return commands.enrollment_token(config, options.ttl, options.uses, options.auto_approve)
        case "openapi":
            return commands.openapi(config)
        case _:
            return _answer_on_data(options, config)


def _answer_on_data(options: argparse.Namespace, config: Config) -> str:
    from backend_lite import data_commands

    match options.command:
        case "backup":
            return data_commands.backup(config, options.to, with_output=not options.without_output)
        case "restore":
            return data_commands.restore(config, options.source, options.kit)
        case "recovery-kit":
            return data_commands.recovery_kit(config, options.to, with_output=options.with_output)
        case "verify-audit":
            return data_commands.verify_audit(config)
        case _:
            return data_commands.reset_password(config, options.username)


def _config(options: argparse.Namespace) -> Config:
    from backend_lite.config import Config, DataFolder

    data = DataFolder(options.data_dir.absolute())
    if options.command != "serve":
        key_file = getattr(options, "key_file", None)
        return Config(data, key_file=key_file.absolute() if key_file is not None else None)
    return Config(
        data,
        admin_port=options.admin_port,
        agent_host=options.agent_host,
        agent_port=options.agent_port,
        key_file=options.key_file,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deployflow-service", description="The DeployFlow service.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="the data folder")
        return added

    serve = command("serve", "Run the service; one JSON line on standard output says when and where.")
    serve.add_argument("--admin-port", type=_port, default=0, help="port of the console; 0: a free one")
    serve.add_argument("--agent-host", metavar="HOST", help="where agents reach it, if not as chosen before")
    serve.add_argument("--agent-port", type=_port, default=0, help="port of the agents; 0: as before, or any")
    serve.add_argument("--key-file", type=Path, metavar="FILE", help="the master key where no keyring is")
    command("migrate", "Bring the database to the schema of this version.")
    doctor = command("doctor", "Say what is wrong and what to do about it.")
    doctor.add_argument(
        "--bundle", type=Path, metavar="FILE.zip", help="pack logs and report, secrets masked"
    )
    owner = command("create-owner", "Make the first user; the password comes on standard input.")
    owner.add_argument("--username", required=True, metavar="NAME")
    token = command("enrollment-token", "Make a token with which devices enrol, and print it as JSON.")
    token.add_argument("--ttl", type=_duration, default="24h", help="how long it is good: 30m, 24h, 7d")
    token.add_argument("--uses", type=int, default=5, help="how many devices may use it")
    token.add_argument("--auto-approve", action="store_true", help="its devices need no approval")
    _add_data_commands(command)
    command("openapi", "Print the description of the whole interface as JSON.")
    return parser


def _add_data_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    key_file = "the master key's file, where it has one"
    backup = command("backup", "Make a verified copy of everything but the master key.")
    backup.add_argument("--to", type=Path, metavar="FOLDER", help="a new folder; else one in DIR/backups")
    backup.add_argument("--without-output", action="store_true", help="leave out what scripts wrote")
    backup.add_argument("--key-file", type=Path, metavar="FILE", help=key_file)
    restore = command("restore", "Put a backup in the place of the data folder, which is kept.")
    source = restore.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="source", type=Path, metavar="BACKUP", help="the folder of a backup")
    source.add_argument("--kit", type=Path, metavar="FILE", help="a recovery kit; its passphrase on stdin")
    restore.add_argument("--key-file", type=Path, metavar="FILE", help=key_file)
    kit = command("recovery-kit", "Pack everything for a new machine; the passphrase comes on stdin.")
    kit.add_argument("--to", type=Path, required=True, metavar="FILE", help="the file to make")
    kit.add_argument("--with-output", action="store_true", help="also what scripts wrote")
    kit.add_argument("--key-file", type=Path, metavar="FILE", help=key_file)
    command("verify-audit", "Check that nobody has changed the audit; exit code 1 where somebody has.")
    reset = command("reset-password", "Give a user a new password, which comes on standard input.")
    reset.add_argument("--username", required=True, metavar="NAME")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: use 0 to 65535")
    return int(text)


def _duration(text: str) -> int:
    """Seconds, from such as `24h`."""
    match = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: use such as 30m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _log_warnings_only() -> None:
    from backend_lite.core.logging import configure_logging, set_level

    configure_logging(None)
    set_level("warning")


def _one_sentence(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
