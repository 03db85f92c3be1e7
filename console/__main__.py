"""`python -m console`: the window.

What takes long is imported late: the service is starting up meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

NO_REMOTE = (
    "This version administers the service of this machine only: leave out --server and --pin, "
    "and name its data folder with --data-dir."
)
NO_DISPLAY = (
    "There is no display for the window (neither DISPLAY nor WAYLAND_DISPLAY is set). "
    "Start it in a desktop session, or try `python -m console --demo`, which needs none."
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deployflow", description="The DeployFlow window.")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the data folder of the service")
    parser.add_argument("--server", metavar="URL", help="administer a service on another machine")
    parser.add_argument("--pin", metavar="PIN", help="the fingerprint of that service's authority")
    parser.add_argument("--demo", action="store_true", help="try it out with this PC as the first device")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="where --demo puts its pictures")
    options = parser.parse_args(arguments)
    if options.screenshots and not options.demo:
        parser.error("--screenshots needs --demo")
    if bool(options.server) != bool(options.pin):
        parser.error("--server and --pin go together")
    return options


def has_display() -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when done, 1 after one sentence on stderr, 2 for a wrong command line."""
    options = parse(arguments)
    if options.server:
        return _fail(NO_REMOTE)
    if options.demo:
        from console.demo import demo

        return demo(options.data_dir, options.screenshots, has_display())
    if not has_display():
        return _fail(NO_DISPLAY)
    return _window(options.data_dir)


def _window(data_dir: Path | None) -> int:
    from console.core.local_service import LocalService, default_data_dir
    from console.service_process import ServiceProcess

    service = ServiceProcess(LocalService((data_dir or default_data_dir()).absolute()))
    service.begin()
    try:
        from console.window_process import run_window
    except ImportError as error:
        return _fail(f"The window cannot be loaded: {error}. `build_spec/dev.py setup` says what is missing.")
    return run_window(service)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
