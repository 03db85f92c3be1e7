"""The command line: run | install-service | uninstall-service | selftest."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when done, 1 after one sentence on stderr, 2 for a wrong command line."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["runner"]:
        # Before anything else is imported: this start is on the way of every script.
        from agent import runner_host

        runner_host.main(arguments[1])
    if arguments[:1] == ["stages"]:
        from agent import stages

        return stages.main(arguments[1])
    if arguments[:1] == ["software"]:
        from agent.software import program

        return program.main(arguments[1])
    if arguments[:1] == ["leave"]:
        from agent import leave

        return leave.announce(*arguments[1:])
    if arguments == ["installed"]:
        from agent.probes import software

        return software.main()
    from agent.command_line import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
