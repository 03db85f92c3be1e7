"""The DeployFlow agent: one small program on every endpoint."""

__version__ = "0.1.0"
