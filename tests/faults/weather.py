"""A TCP relay between agent and service whose weather a test makes."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

_BLOCK = 16 << 10
_RETRANSMISSION_S = 0.2
_TURN_S = 0.02


@dataclass
class _Link:
    """One relayed connection. A frozen one is held open and carries nothing: half open."""

    sides: tuple[socket.socket, socket.socket]
    frozen: bool = False


class Weather:
    """Relays `port` to the target. `loss` is the share of blocks that are late by one or more
    retransmissions: what the loss of packets looks like from above TCP."""

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        self._target = target
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.loss = 0.0
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Every connection is reset."""
        with self._lock:
            for link in self._links:
                for side in link.sides:
                    # It may have ended by itself a moment ago.
                    with contextlib.suppress(OSError):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        side.shutdown(socket.SHUT_RDWR)
                    side.close()
            self._links.clear()

    def freeze(self) -> None:
        """Every present connection falls silent without a word to either side; new ones work."""
        with self._lock:
            for link in self._links:
                link.frozen = True

    def close(self) -> None:
        self._stop.set()
        # Closing alone does not wake an accept that is under way.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection(self._target, 5)
            except OSError:
                inner.close()
                continue
            link = _Link((inner, outer))
            with self._lock:
                self._links.append(link)
            thread = threading.Thread(target=self._relay, args=(link,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _relay(self, link: _Link) -> None:
        try:
            while not self._stop.is_set():
                readable = [] if link.frozen else self._readable(link)
                if not readable:
                    self._stop.wait(_TURN_S)
                for source in readable:
                    data = source.recv(_BLOCK)
                    if not data:
                        return
                    self._delay()
                    link.sides[1 - link.sides.index(source)].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            for side in link.sides:
                side.close()

    def _readable(self, link: _Link) -> list[socket.socket]:
        return select.select(link.sides, [], [], _TURN_S)[0]

    def _delay(self) -> None:
        wait = _RETRANSMISSION_S
        while self._chance.random() < self.loss:
            time.sleep(wait)
            wait *= 2
