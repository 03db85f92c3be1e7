"""A disk in memory that knows what would still be there after the power went."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass, field

Change = tuple["Node", str, "Node | None"]


@dataclass(slots=True, eq=False)
class Node:
    """A file or a folder. `pending` are the writes since the last fsync: (offset, bytes), or a new size."""

    ino: int
    folder: bool
    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    durable_entries: dict[str, Node] = field(default_factory=dict)


class Disk:
    """Paths are absolute POSIX paths. Raises OSError as a system does.

    With `journalled` names become durable in their order, and an fsync of anything takes all before it along,
    as on ext4. Without, each folder is a matter of its own fsync, as POSIX has it.
    """

    def __init__(self, chance: random.Random, *, journalled: bool) -> None:
        self.chance = chance
        self.journalled = journalled
        self.full = False
        self.device = 2049
        self._inos = 100
        self.root = self._node(folder=True)
        self._log: list[tuple[Change, ...]] = []

    # ---- looking

    def find(self, path: str) -> Node | None:
        node = self.root
        for name in path.split("/"):
            if name:
                found = node.entries.get(name)
                if found is None:
                    return None
                node = found
        return node

    def get(self, path: str) -> Node:
        node = self.find(path)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return node

    # ---- changing names

    def create(self, path: str, *, exclusive: bool) -> Node:
        folder, name = self._place(path)
        node = folder.entries.get(name)
        if node is None:
            self._need_space()
            node = self._node(folder=False)
            self._change((folder, name, node))
        elif exclusive:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        return node

    def make_folder(self, path: str) -> None:
        folder, name = self._place(path)
        if name in folder.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._need_space()
        self._change((folder, name, self._node(folder=True)))

    def link(self, source: str, target: str) -> None:
        node = self.get(source)
        folder, name = self._place(target)
        if name in folder.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        self._need_space()
        self._change((folder, name, node))

    def rename(self, source: str, target: str) -> None:
        node = self.get(source)
        folder, name = self._place(source)
        new_folder, new_name = self._place(target)
        self._change((folder, name, None), (new_folder, new_name, node))

    def remove(self, path: str) -> None:
        self.get(path)
        folder, name = self._place(path)
        self._change((folder, name, None))

    def remove_folder(self, path: str) -> None:
        if self.get(path).entries:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.remove(path)

    def remove_tree(self, path: str) -> None:
        node = self.get(path)
        for name in list(node.entries):
            inner = f"{path}/{name}"
            if node.entries[name].folder:
                self.remove_tree(inner)
            else:
                self.remove(inner)
        self.remove(path)

    # ---- changing content

    def write(self, node: Node, offset: int, data: bytes) -> int:
        """How many bytes were written: on a full disk only those that need no new space, or fewer."""
        if self.full and offset + len(data) > len(node.data):
            data = data[: max(0, len(node.data) - offset)]
            if not data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if offset > len(node.data):
            node.data.extend(bytes(offset - len(node.data)))
        node.data[offset : offset + len(data)] = data
        node.pending.append((offset, data))
        return len(data)

    def truncate(self, node: Node, size: int) -> None:
        if size != len(node.data):
            _resize(node.data, size)
            node.pending.append((size, None))

    def sync(self, node: Node) -> None:
        if node.folder:
            self._sync_names(node)
            return
        if node.pending:
            node.durable, node.pending = bytes(node.data), []
        if self.journalled:
            self._sync_names(None)

    # ---- what can happen to a disk

    def power_loss(self) -> None:
        """What was not fsynced survives up to a random point, each file for itself."""
        self._survive()
        _settle(self.root, self.chance)
        self._log = []

    def sync_all(self) -> None:
        self._sync_names(None)
        for change in self._log:
            _apply(change)
        self._log = []
        _keep(self.root)

    def image(self) -> Disk:
        """A copy as a snapshot takes it: what would be there if the power went now."""
        copy = Disk(self.chance, journalled=self.journalled)
        known: dict[int, Node] = {}
        copy.root = _copied(self.root, known)
        copy._log = [
            tuple((_copied(f, known), name, n and _copied(n, known)) for f, name, n in record)
            for record in self._log
        ]
        copy._inos, copy.device = self._inos, self.device
        copy.power_loss()
        return copy

    def renumber(self) -> None:
        """As when all files are copied to another place: the same content under new inodes."""
        for node in _all(self.root):
            self._inos += 1
            node.ino = self._inos

    # ---- inside

    def _node(self, *, folder: bool) -> Node:
        self._inos += 1
        return Node(self._inos, folder)

    def _place(self, path: str) -> tuple[Node, str]:
        folder, _, name = path.rstrip("/").rpartition("/")
        return self.get(folder), name

    def _need_space(self) -> None:
        if self.full and self.chance.random() < 0.5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _change(self, *record: Change) -> None:
        for folder, name, node in record:
            if node is None:
                del folder.entries[name]
            else:
                folder.entries[name] = node
        self._log.append(record)

    def _sync_names(self, folder: Node | None) -> None:
        rest = []
        for record in self._log:
            if folder is None or self.journalled or any(change[0] is folder for change in record):
                _apply(record)
            else:
                rest.append(record)
        self._log = rest

    def _survive(self) -> None:
        if self.journalled:
            for record in self._log[: self.chance.randint(0, len(self._log))]:
                _apply(record)
            return
        lost: set[int] = set()
        for record in self._log:
            places = {change[0].ino for change in record}
            if not places & lost and self.chance.random() < 0.7:
                _apply(record)
            else:
                # Within one folder names keep their order.
                lost |= places


def _apply(record: tuple[Change, ...]) -> None:
    for folder, name, node in record:
        if node is None:
            folder.durable_entries.pop(name, None)
        else:
            folder.durable_entries[name] = node


def _settle(node: Node, chance: random.Random) -> None:
    if node.folder:
        node.entries = dict(node.durable_entries)
        for inner in node.entries.values():
            _settle(inner, chance)
    elif node.pending:
        node.data = _torn(node, chance)
        node.durable, node.pending = bytes(node.data), []


def _torn(node: Node, chance: random.Random) -> bytearray:
    data = bytearray(node.durable)
    whole = chance.randint(0, len(node.pending))
    for offset, piece in node.pending[:whole]:
        _redo(data, offset, piece)
    if whole < len(node.pending) and chance.random() < 0.6:
        offset, piece = node.pending[whole]
        if piece is not None:
            cut = chance.randint(0, len(piece))
            # The size may have arrived without the bytes.
            tail = bytes(len(piece) - cut) if chance.random() < 0.2 else b""
            _redo(data, offset, piece[:cut] + tail)
    return data


def _redo(data: bytearray, offset: int, piece: bytes | None) -> None:
    if piece is None:
        _resize(data, offset)
        return
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(piece)] = piece


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def _keep(node: Node) -> None:
    node.durable_entries = dict(node.entries)
    node.durable, node.pending = bytes(node.data), []
    for inner in node.entries.values():
        _keep(inner)


def _copied(node: Node, known: dict[int, Node]) -> Node:
    copy = known.get(node.ino)
    if copy is None:
        copy = known[node.ino] = Node(node.ino, node.folder, bytearray(node.data), node.durable)
        copy.pending = list(node.pending)
        copy.entries = {name: _copied(inner, known) for name, inner in node.entries.items()}
        copy.durable_entries = {name: _copied(inner, known) for name, inner in node.durable_entries.items()}
    return copy


def _all(root: Node) -> list[Node]:
    found = {root.ino: root}
    waiting = [root]
    while waiting:
        for inner in (*(node := waiting.pop()).entries.values(), *node.durable_entries.values()):
            if inner.ino not in found:
                found[inner.ino] = inner
                waiting.append(inner)
    return list(found.values())
