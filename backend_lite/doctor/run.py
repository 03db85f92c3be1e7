"""The `doctor` command."""

from __future__ import annotations

from pathlib import Path

from backend_lite.config import DataFolder
from backend_lite.doctor.bundle import write_bundle
from backend_lite.doctor.checks import examine
from backend_lite.doctor.findings import Level


def run_doctor(data: DataFolder, bundle: Path | None) -> int:
    """Print what was found; the exit code is 1 when something is wrong. Raises StartError for the bundle."""
    findings = examine(data)
    for finding in findings:
        print(finding)  # noqa: T201
    if bundle is not None:
        write_bundle(bundle, data, findings)
        print(f"The bundle is in {bundle}. Secrets are masked; look through it before you send it.")  # noqa: T201
    return 1 if any(finding.level is Level.WRONG for finding in findings) else 0
