"""Rollout -> Run -> Step -> Attempt, and the output of attempts that fits into the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json

RUN_STATES = (
    "waiting",
    "queued",
    "running",
    "cancelling",
    "succeeded",
    "failed",
    "cancelled",
    "skipped",
    "expired",
    "unknown",
)

OPEN_STEP = text("state IN ('waiting', 'queued', 'offered', 'running', 'cancelling')")
"""A step that has not ended. Literal text: a query uses the partial index only when it says the same."""

JOINED_OPEN_STEP = text("steps.state IN ('waiting', 'queued', 'offered', 'running', 'cancelling')")
"""The same, in a query of several tables."""

LOOKED_AT = text("look_at IS NOT NULL")
HAS_TOKEN = text("token_id IS NOT NULL")


class RolloutRow(Base):
    """The intent: this revision, there, under this policy. The counters count its runs by state.

    `waves` are the numbers of runs in each wave, `wave` is the one under way. `look_at`: when it is looked at
    next; an open rollout always has one. `halt_reason` is the sentence why it stands still. `forgiven` is how
    many bad ends a person has accepted by resuming it. `offered` counts its queued runs that are offered,
    only where the policy limits the concurrency. `origin_id` is the rollout that this one repeats; no
    foreign key, because that one may be removed by the retention. `token_id` is the API token that a program
    made it with, `token_name` what that was called then.
    """

    __tablename__ = "rollouts"
    __table_args__ = (
        UniqueConstraint("created_by_id", "idempotency_key"),
        Index("ix_rollouts_look_at", "look_at", sqlite_where=LOOKED_AT, postgresql_where=LOOKED_AT),
        Index("ix_rollouts_token_id", "token_id", sqlite_where=HAS_TOKEN, postgresql_where=HAS_TOKEN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(40))
    script_id: Mapped[int | None] = mapped_column(Id, ForeignKey("scripts.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("script_revisions.id"))
    revision: Mapped[int | None] = mapped_column(Integer)
    software_id: Mapped[int | None] = mapped_column(Id)
    profile_id: Mapped[int | None] = mapped_column(Id)
    profile_revision: Mapped[int | None] = mapped_column(Integer)
    arguments: Mapped[list[str]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    policy: Mapped[dict[str, Any]] = mapped_column(Json)
    targets: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    waves: Mapped[list[int]] = mapped_column(Json, default=list, server_default="[]")
    wave: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    look_at: Mapped[int | None] = mapped_column(EpochMs)
    halt_reason: Mapped[str | None] = mapped_column(String(500))
    forgiven: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    offered: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    origin_id: Mapped[int | None] = mapped_column(Id)
    total: Mapped[int] = mapped_column(Integer, default=0)
    waiting: Mapped[int] = mapped_column(Integer, default=0)
    queued: Mapped[int] = mapped_column(Integer, default=0)
    running: Mapped[int] = mapped_column(Integer, default=0)
    cancelling: Mapped[int] = mapped_column(Integer, default=0)
    succeeded: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    cancelled: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)
    expired: Mapped[int] = mapped_column(Integer, default=0)
    unknown: Mapped[int] = mapped_column(Integer, default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_by_id: Mapped[int] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(200))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(EpochMs)
    ended_at: Mapped[int | None] = mapped_column(EpochMs)
    token_id: Mapped[int | None] = mapped_column(Id)
    token_name: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))


class RolloutTaskRow(Base):
    """What every run of a rollout executes as its step `n`. `payload` is null where the revision holds
    the script; `secrets` are the names of its secret parameters, `files` the names of its files.
    `exit_codes` null: those of the rollout's policy."""

    __tablename__ = "rollout_tasks"
    __table_args__ = (Index("ix_rollout_tasks_script_id", "script_id", "rollout_id"),)

    rollout_id: Mapped[int] = mapped_column(Id, ForeignKey("rollouts.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    type: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(300))
    script_id: Mapped[int | None] = mapped_column(Id, ForeignKey("scripts.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("script_revisions.id"))
    revision: Mapped[int | None] = mapped_column(Integer)
    payload: Mapped[str | None] = mapped_column(Text)
    arguments: Mapped[list[str]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    secrets: Mapped[list[str]] = mapped_column(Json, default=list)
    files: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    timeout_s: Mapped[int] = mapped_column(Integer)
    continue_on_error: Mapped[bool] = mapped_column(default=False)
    may_repeat: Mapped[bool] = mapped_column(default=False)
    action: Mapped[str] = mapped_column(String(20), default="run", server_default="run")
    software_id: Mapped[int | None] = mapped_column(Id)
    profile_task_id: Mapped[int | None] = mapped_column(Id)
    reboot: Mapped[str] = mapped_column(String(20), default="announced", server_default="announced")
    condition: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    exit_codes: Mapped[list[int] | None] = mapped_column(Json)


class AppliedProfileRow(Base):
    """The newest application of a profile to a device. How its run ended is kept here once the run itself is
    removed by the retention."""

    __tablename__ = "applied_profiles"

    profile_id: Mapped[int] = mapped_column(Id, ForeignKey("profiles.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), primary_key=True, index=True)
    revision: Mapped[int] = mapped_column(Integer)
    rollout_id: Mapped[int] = mapped_column(Id)
    run_id: Mapped[int] = mapped_column(Id, index=True)
    applied_at: Mapped[int] = mapped_column(EpochMs)
    state: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(80))
    ended_at: Mapped[int | None] = mapped_column(EpochMs)


class TaskFileRow(Base):
    """The content of a file parameter."""

    __tablename__ = "task_files"

    rollout_id: Mapped[int] = mapped_column(Id, ForeignKey("rollouts.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class StepSecretsRow(Base):
    """Secret parameters of a step, by name, each sealed to the key of its device (base64)."""

    __tablename__ = "step_secrets"

    step_id: Mapped[int] = mapped_column(Id, ForeignKey("steps.id"), primary_key=True)
    sealed: Mapped[dict[str, str]] = mapped_column(Json)


class PauseRow(Base):
    """While it lasts no work starts on the fleet, a group or a device. `until` null: until it is ended."""

    __tablename__ = "pauses"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[int | None] = mapped_column(Id, ForeignKey("groups.id"))
    device_id: Mapped[int | None] = mapped_column(Id, ForeignKey("devices.id"))
    reason: Mapped[str] = mapped_column(String(500))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(EpochMs)
    until: Mapped[int | None] = mapped_column(EpochMs)


NOT_UNTIL = text("not_until IS NOT NULL")
TROUBLED = text("state IN ('failed', 'cancelled', 'skipped', 'expired', 'unknown')")
"""What people look for among many runs that went well."""


class RunRow(Base):
    """One revision on one device. `expires_at`: when it ends unless the device took it before.

    `not_until`: when a wait that has a clock of its own (window, retry, pause, reboot) is looked at again, or
    a run under way of which nothing was heard. `waiting` is the sentence of a wait that belongs to the run,
    not to its rollout. `boot_id` is the boot in which its newest step was permitted. `output_key` is equal
    for runs whose output is, byte for byte.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_state_expires_at", "state", "expires_at"),
        Index("ix_runs_rollout_id_state", "rollout_id", "state"),
        Index("ix_runs_rollout_id_output_key", "rollout_id", "output_key"),
        Index("ix_runs_not_until", "not_until", sqlite_where=NOT_UNTIL, postgresql_where=NOT_UNTIL),
        Index("ix_runs_troubled", "state", sqlite_where=TROUBLED, postgresql_where=TROUBLED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rollout_id: Mapped[int] = mapped_column(Id, ForeignKey("rollouts.id"))
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), index=True)
    device: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str | None] = mapped_column(String(20))
    wave: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    not_until: Mapped[int | None] = mapped_column(EpochMs)
    waiting: Mapped[str | None] = mapped_column(String(500))
    reboots: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    boot_id: Mapped[str | None] = mapped_column(String(100))
    output_key: Mapped[str | None] = mapped_column(String(32))
    expires_at: Mapped[int] = mapped_column(EpochMs)
    created_at: Mapped[int] = mapped_column(EpochMs)
    started_at: Mapped[int | None] = mapped_column(EpochMs)
    ended_at: Mapped[int | None] = mapped_column(EpochMs)


DESTRUCTIVE_OFFER = text("state = 'offered' AND destructive")


class StepRow(Base):
    """What an agent executes: the task `n` of the rollout. `attempt` is the number of the current try, 0
    before the first. Of those that are `destructive` only so many start in an hour."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("run_id", "n"),
        # The dispatcher asks for the open steps of a device all day long; ended ones are not its business.
        Index(
            "ix_steps_open",
            "device_id",
            "id",
            sqlite_where=OPEN_STEP,
            postgresql_where=OPEN_STEP,
        ),
        Index(
            "ix_steps_destructive_offers",
            "id",
            sqlite_where=DESTRUCTIVE_OFFER,
            postgresql_where=DESTRUCTIVE_OFFER,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("runs.id"))
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), index=True)
    n: Mapped[int] = mapped_column(Integer)
    type: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(300))
    script_id: Mapped[int | None] = mapped_column(Id, ForeignKey("scripts.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("script_revisions.id"))
    timeout_s: Mapped[int] = mapped_column(Integer)
    continue_on_error: Mapped[bool] = mapped_column(default=False)
    destructive: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    source: Mapped[str | None] = mapped_column(String(20))
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    exit_code: Mapped[int | None] = mapped_column(EpochMs)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    started_at: Mapped[int | None] = mapped_column(EpochMs)
    ended_at: Mapped[int | None] = mapped_column(EpochMs)
    duration_ms: Mapped[int | None] = mapped_column(EpochMs)


HAS_OUTPUT = text("ended_at IS NOT NULL AND output_removed_at IS NULL AND stdout_size + stderr_size > 0")


class AttemptRow(Base):
    """One try of a step. The nonce is set once, by the permit: it is the fencing token."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("step_id", "n"),
        # The retention asks for the oldest output, and for how much there is of it.
        Index(
            "ix_attempts_output",
            "ended_at",
            "stdout_size",
            "stderr_size",
            sqlite_where=HAS_OUTPUT,
            postgresql_where=HAS_OUTPUT,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    step_id: Mapped[int] = mapped_column(Id, ForeignKey("steps.id"))
    n: Mapped[int] = mapped_column(Integer)
    nonce: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(20))
    exit_code: Mapped[int | None] = mapped_column(EpochMs)
    detail: Mapped[str] = mapped_column(Text, default="")
    offered_at: Mapped[int] = mapped_column(EpochMs)
    permitted_at: Mapped[int | None] = mapped_column(EpochMs)
    ended_at: Mapped[int | None] = mapped_column(EpochMs)
    stdout_size: Mapped[int] = mapped_column(EpochMs, default=0)
    stderr_size: Mapped[int] = mapped_column(EpochMs, default=0)
    stdout_total: Mapped[int] = mapped_column(EpochMs, default=0)
    stderr_total: Mapped[int] = mapped_column(EpochMs, default=0)
    stdout_gap: Mapped[int] = mapped_column(EpochMs, default=0, server_default="0")
    stderr_gap: Mapped[int] = mapped_column(EpochMs, default=0, server_default="0")
    output_key: Mapped[str | None] = mapped_column(String(32))
    output_removed_at: Mapped[int | None] = mapped_column(EpochMs)


class SmallOutputRow(Base):
    """The whole output of an ended attempt that is small: durable with its outcome, without files."""

    __tablename__ = "small_outputs"

    attempt_id: Mapped[int] = mapped_column(Id, ForeignKey("attempts.id"), primary_key=True)
    stdout: Mapped[bytes] = mapped_column(LargeBinary)
    stderr: Mapped[bytes] = mapped_column(LargeBinary)
    pieces: Mapped[bytes] = mapped_column(LargeBinary)


class StrayOutcomeRow(Base):
    """An outcome that matched no permit: kept, shown to nobody as a result, changes nothing."""

    __tablename__ = "stray_outcomes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), index=True)
    attempt: Mapped[str] = mapped_column(String(80))
    message: Mapped[dict[str, Any]] = mapped_column(Json)
    received_at: Mapped[int] = mapped_column(EpochMs)


class RestoredStepRow(Base):
    """A step that was open when the backup was made from which this database comes: agents know its attempts
    by the `epoch` of that time."""

    __tablename__ = "restored_steps"

    step_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(String(40))


class ApprovalRow(Base):
    """That a rollout waits, or waited, for a second person: exactly as long as it is `waiting`, the rollout
    is `held`, and `expires_at` is when that is looked at next. `findings` are those of its scripts."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_state", "state", "expires_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rollout_id: Mapped[int] = mapped_column(Id, ForeignKey("rollouts.id"), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[str]] = mapped_column(Json)
    device_count: Mapped[int] = mapped_column(Integer)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    requested_by_id: Mapped[int] = mapped_column(Id)
    requested_by: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[int] = mapped_column(EpochMs)
    expires_at: Mapped[int] = mapped_column(EpochMs)
    comment: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[int | None] = mapped_column(EpochMs)


class DestructivePermitRow(Base):
    """A destructive step was permitted within the last hour or so: what the cap counts. No foreign key: that
    it started counts also once the rest of it is gone."""

    __tablename__ = "destructive_permits"

    attempt_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    permitted_at: Mapped[int] = mapped_column(EpochMs, index=True)
