"""Rollout -> Run -> Step -> Attempt, and the output of attempts that fits into the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
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


class RolloutRow(Base):
    """The intent: this revision, there, under this policy. The counters count its runs by state."""

    __tablename__ = "rollouts"
    __table_args__ = (
        UniqueConstraint("created_by_id", "idempotency_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(40))
    script_id: Mapped[int | None] = mapped_column(Id, ForeignKey("scripts.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("script_revisions.id"))
    revision: Mapped[int | None] = mapped_column(Integer)
    arguments: Mapped[list[str]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    policy: Mapped[dict[str, Any]] = mapped_column(Json)
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


class RunRow(Base):
    """One revision on one device. `expires_at`: when it ends unless the device took it before."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_state_expires_at", "state", "expires_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rollout_id: Mapped[int] = mapped_column(Id, ForeignKey("rollouts.id"), index=True)
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), index=True)
    device: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str | None] = mapped_column(String(20))
    expires_at: Mapped[int] = mapped_column(EpochMs)
    created_at: Mapped[int] = mapped_column(EpochMs)
    started_at: Mapped[int | None] = mapped_column(EpochMs)
    ended_at: Mapped[int | None] = mapped_column(EpochMs)


class StepRow(Base):
    """What an agent executes. `payload` is null where the revision holds the script; `attempt` is the
    number of the current try (0: none yet)."""

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
    payload: Mapped[str | None] = mapped_column(Text)
    arguments: Mapped[list[str]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    timeout_s: Mapped[int] = mapped_column(Integer)
    continue_on_error: Mapped[bool] = mapped_column(default=False)
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


class AttemptRow(Base):
    """One try of a step. The nonce is set once, by the permit: it is the fencing token."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("step_id", "n"), {"sqlite_autoincrement": True})

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
