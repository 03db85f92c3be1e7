"""Enrolment is tried together with the fleet that it fills."""

from tests.backend.fleet.conftest import fleet_service

__all__ = ["fleet_service"]
