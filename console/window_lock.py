"""Locks the window when nobody uses it, or at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from backend_lite.contract.live import SERVICE
from console.core.idle import Clock, Idle, uptime_s
from console.core.live import LiveBatch
from console.core.service_facts import service_facts
from console.shell.context import Context
from console.shell.main_window import MainWindow

if TYPE_CHECKING:
    from console.features.access.lock_screen import LockScreen

LOOK_MS = 1000
_USE = frozenset(
    {
        QEvent.Type.ShortcutOverride,
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletMove,
        QEvent.Type.TabletPress,
        QEvent.Type.InputMethod,
    }
)


class WindowLock(QObject):
    """For the person of the session. `other_wanted`: somebody else wants to sign in at a locked window."""

    other_wanted = Signal()

    def __init__(self, context: Context, window: MainWindow, clock: Clock = uptime_s) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._idle = Idle(clock)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.screen: LockScreen | None = None
        window.lock_wanted.connect(self.lock)
        self.destroyed.connect(context.live.subscribe(SERVICE, self._told))

    @property
    def is_locked(self) -> bool:
        return self.screen is not None

    def begin(self) -> None:
        """Somebody has signed in."""
        self._idle.used()
        self._timer.start()
        self.look()

    def end(self) -> None:
        """The session is over, and something else is shown in the window's centre: what was open in the
        windows beside it is nobody's now."""
        self._timer.stop()
        if self.screen is not None:
            self.screen = None
            self._window.uncover(discard=True)

    def lock(self) -> None:
        if self.screen is not None or self._context.session.user is None:
            return
        from console.features.access.lock_screen import LockScreen

        self.screen = LockScreen(self._context)
        self.screen.unlocked.connect(self._unlock)
        self.screen.other_wanted.connect(self.other_wanted)
        self._window.cover(self.screen)

    def look(self) -> None:
        """Once a second: whether it is time. Windows that are new are listened to from now on."""
        for window in QGuiApplication.topLevelWindows():
            window.installEventFilter(self)
        if self._idle.too_long():
            self.lock()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Only windows are listened to: a filter on the application is asked about every event of every part.
        if self._timer.isActive() and self.screen is None and event.type() in _USE:
            if self._idle.too_long():
                # After sleep a key may be quicker than the next look: it must not reach what is open.
                self.lock()
                return True
            self._idle.used()
        return super().eventFilter(watched, event)

    def _unlock(self) -> None:
        self.screen = None
        self._idle.used()
        self._window.uncover()

    def _told(self, _batch: LiveBatch) -> None:
        self._idle.limit_s = service_facts(self._context.live).lock_minutes * 60.0
