"""The DeployFlow service: keeps the fleet's state, gives out work, never lies about it."""

__version__ = "0.1.0"
