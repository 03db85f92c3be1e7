"""Whether a policy can be carried out: every refusal is a sentence that says what to change."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from backend_lite.contract.runs import MAX_REBOOTS, MAX_RETRIES, MAX_TIMEOUT_S, Policy
from backend_lite.errors import InvalidError
from backend_lite.features.runs.instants import instant
from backend_lite.features.runs.shares import amount, wave_sizes
from backend_lite.features.runs.windows import check_window

MAX_EXIT_CODES = 100
MAX_WAVES = 100
MAX_HEALTHY_S = 30 * 86400
_LONGEST_S = 366 * 86400


def check_policy(policy: Policy, *, total: int, may_repeat: bool) -> None:
    """`total` is the number of runs, `may_repeat` that all of the work is idempotent. Raises InvalidError."""
    _check_times(policy)
    _check_waves(policy, total)
    _check_retries(policy, may_repeat)
    _check_reboots(policy)
    if policy.window is not None:
        check_window(policy.window)
    if policy.concurrency is not None and policy.concurrency < 1:
        raise InvalidError("concurrency must be at least 1 run; leave it out for no limit.")
    if policy.failure_limit is not None:
        amount(policy.failure_limit, total, "limit of failures")
    if not 1 <= len(policy.exit_codes) <= MAX_EXIT_CODES:
        raise InvalidError(f"Give 1 to {MAX_EXIT_CODES} accepted exit codes (exit_codes).")
    _check_folder(policy.working_folder)


def _check_times(policy: Policy) -> None:
    idle = policy.idle_timeout_s
    if idle is not None and not 1 <= idle <= MAX_TIMEOUT_S:
        raise InvalidError(f"idle_timeout_s must be between 1 and {MAX_TIMEOUT_S} seconds.")
    if not 1 <= policy.expires_after_s <= _LONGEST_S:
        raise InvalidError("expires_after_s must be at least 1 second and at most a year.")
    if policy.not_before is not None:
        instant(policy.not_before, "not_before")


def _check_waves(policy: Policy, total: int) -> None:
    if policy.waves is None:
        return
    if len(policy.waves.sizes) > MAX_WAVES:
        raise InvalidError(f"A rollout has at most {MAX_WAVES} waves.")
    if not 0 <= policy.waves.healthy_for_s <= MAX_HEALTHY_S:
        raise InvalidError(f"healthy_for_s must be between 0 and {MAX_HEALTHY_S} seconds.")
    wave_sizes(policy.waves, total)


def _check_retries(policy: Policy, may_repeat: bool) -> None:
    retries = policy.retries
    if not 0 <= retries.count <= MAX_RETRIES:
        raise InvalidError(f"At most {MAX_RETRIES} retries are possible.")
    if retries.delay_s < 1:
        raise InvalidError("The delay before a retry must be at least 1 second.")
    if retries.count and not may_repeat:
        raise InvalidError(
            "Only work that may be repeated can be retried: declare each of its scripts idempotent, or say "
            "in the policy that this work is (idempotent).",
            code="not_idempotent",
        )


def _check_reboots(policy: Policy) -> None:
    if not 0 <= policy.max_reboots <= MAX_REBOOTS:
        raise InvalidError(f"max_reboots must be between 0 and {MAX_REBOOTS}.")
    if not 1 <= policy.reboot_within_s <= _LONGEST_S:
        raise InvalidError("reboot_within_s must be at least 1 second and at most a year.")


def _check_folder(folder: str) -> None:
    if not folder:
        return
    absolute = PurePosixPath(folder).is_absolute() or PureWindowsPath(folder).is_absolute()
    if not absolute or "\0" in folder or len(folder) > 1000:
        raise InvalidError(r"The working folder must be an absolute path, such as C:\Work or /srv/work.")
