"""The desktop window. It knows the service only through `backend_lite.contract`."""

__version__ = "0.1.0"
