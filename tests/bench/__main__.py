"""Run benchmarks by name: one JSON line each; `all` also writes RESULTS.md beside this file."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BENCHES = {
    "P1": "tests.bench.p1_heartbeats",
    "P2": "tests.bench.p2_many_agents",
    "P3": "tests.bench.p3_run_latency",
    "P4": "tests.bench.p4_service_memory",
    "P5": "tests.bench.p5_idle_agent",
    "P6": "tests.bench.p6_step_results",
    "P9": "tests.bench.p9_console_start",
    "P10": "tests.bench.p10_device_table",
    "P11": "tests.bench.p11_large_output",
    "P12": "tests.bench.p12_audit_check",
}


def main(names: list[str]) -> int:
    if not names or any(name not in (*BENCHES, "all") for name in names):
        sys.stderr.write(f"usage: python -m tests.bench {'|'.join(BENCHES)} ... | all\n")
        return 2
    # With it every start would compile anew what has changed since it was last compiled, and measure that.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    whole = names == ["all"]
    results = [_run(name) for name in (BENCHES if whole else names)]
    if whole:
        Path(__file__).with_name("RESULTS.md").write_text(_table(results), "utf-8")
    return 0


def _run(name: str) -> dict[str, Any]:
    result: dict[str, Any] = {"name": name, **importlib.import_module(BENCHES[name]).run()}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    return result


def _table(results: list[dict[str, Any]]) -> str:
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"CPython {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    lines = [
        "# Figures",
        "",
        f"Made by `python -m tests.bench all` on {machine}. Times are noisy; ratios count.",
        "",
        "| # | work | budget | reached | met |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        reached = ", ".join(f"{key} {value}" for key, value in result["reached"].items())
        limits = [f"{key} ≤ {value}" for key, value in result["budget"].items()]
        limits += [f"{key} ≥ {value}" for key, value in result.get("at_least", {}).items()]
        budget = ", ".join(limits)
        met = "yes" if result["met"] else "**no**"
        lines.append(f"| {result['name']} | {result['work']} | {budget} | {reached} | {met} |")
    lines += _growth(results)
    return "\n".join(lines) + "\n"


def _growth(results: list[dict[str, Any]]) -> list[str]:
    """The figures of those rows that were measured with more and more of what they are about."""
    lines = ["", "How they grow:", ""]
    for result in results:
        for count, figures in result.get("growth", {}).items():
            reached = ", ".join(f"{key} {value}" for key, value in figures.items())
            lines.append(f"* {result['name']} with {count}: {reached}")
    return lines


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
