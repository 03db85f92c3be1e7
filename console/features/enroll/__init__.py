"""Bringing devices in."""
