from tests.helpers.qt_loop import loop, run

__all__ = ["loop", "run"]
