"""Bringing devices in: enrollment tokens, enrolment itself, and where agents find the service."""
