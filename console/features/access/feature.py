"""What access gives to the window: it has screens of its own, made by the application, and no page yet."""

from __future__ import annotations

from console.shell.feature import Feature


def feature() -> Feature:
    return Feature("access")
