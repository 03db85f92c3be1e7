"""Alembic's entry: runs the versions on the connection that `core.db.migrate` hands over."""

from __future__ import annotations

from alembic import context

from backend_lite.core.db.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
