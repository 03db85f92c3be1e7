"""Profiles and templates: what is to be done on a device, in which order."""
