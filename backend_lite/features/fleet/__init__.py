"""Devices: who they are, whether they are in contact, and the channel to their agents."""
