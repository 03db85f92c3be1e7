"""Where devices reach the service, and what its machine's firewall has to let through."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from backend_lite.contract.enroll import AgentAddress, AgentEndpoint
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.enroll.firewall import hints
from console.features.enroll.ops import load_endpoint, move_endpoint
from console.shell.context import Context
from console.shell.flow import Flow
from console.shell.parts import ElidedLabel, button, card, column, label, row, spin_box
from console.shell.theme import set_role
from console.widgets.command_box import CommandBox
from console.widgets.form import ErrorLine

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104
LOOPBACK = "loopback"


class EndpointCard(QWidget):
    """`known(url, reachable)`: where agents go, and whether other devices than this PC get there."""

    known = Signal(str, bool)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._endpoint: AgentEndpoint | None = None
        self.state = label("", "mark", "idle")
        self.url = label("", "strong")
        self.note = label("", "muted", wrap=True)
        self.address = QComboBox()
        self.address.setAccessibleName(tr("Address for devices"))
        self.address.setMinimumContentsLength(28)
        self.address.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.address.currentIndexChanged.connect(self._show_choice)
        self.port = spin_box(tr("Port for devices"), 1, 65535, 1)
        self.port.valueChanged.connect(self._show_choice)
        self.use = button(tr("Use this address"), self._use, need=context.rights.need("enrollment:edit"))
        self.error = ErrorLine()
        self.firewall = _FirewallHints(context)
        port = QWidget()
        port.setLayout(row(label(tr("Port"), "muted"), self.port))
        choice = Flow(self.address, port, self.use)
        inside = card(
            row(ElidedLabel(tr("1   Where devices reach this service"), "title"), None, self.state),
            self.url,
            self.note,
            choice,
            self.error,
            self.firewall,
        )
        self.setLayout(column(inside))

    def load(self) -> None:
        self._context.ops.run(load_endpoint(self._context.client), on_success=self._show, owner=self)

    def _show(self, endpoint: AgentEndpoint) -> None:
        self._endpoint = endpoint
        self.url.setText(endpoint.url)
        self._fill(endpoint)
        self.port.setValue(endpoint.port)
        reachable = not self._is_loopback(endpoint.host)
        self.state.setText(tr("On the network") if reachable else tr("This PC only"))
        set_role(self.state, "mark", "good" if reachable else "warning")
        self.firewall.show_port(endpoint.port if reachable else None)
        self._show_choice()
        self.known.emit(endpoint.url, reachable)

    def _fill(self, endpoint: AgentEndpoint) -> None:
        self.address.blockSignals(True)
        self.address.clear()
        self.address.addItem(tr("Every address of this PC"), EVERY_ADDRESS)
        for found in endpoint.addresses:
            self.address.addItem(_described(found), found.address)
        at = self.address.findData(endpoint.host)
        if at < 0:
            self.address.addItem(endpoint.host, endpoint.host)
            at = self.address.count() - 1
        self.address.setCurrentIndex(at)
        self.address.blockSignals(False)

    def _is_loopback(self, host: str) -> bool:
        addresses = self._endpoint.addresses if self._endpoint else []
        return host.startswith("127.") or any(a.address == host and a.scope == LOOPBACK for a in addresses)

    def _show_choice(self) -> None:
        endpoint = self._endpoint
        if endpoint is None:
            return
        host = str(self.address.currentData())
        changed = (host, self.port.value()) != (endpoint.host, endpoint.port)
        self.use.setEnabled(changed)
        self.note.setText(self._sentence(host, changed))

    def _sentence(self, host: str, changed: bool) -> str:
        if self._is_loopback(host):
            return tr(
                "Only this PC reaches the service there. Choose another address to bring in other devices."
            )
        if changed:
            return tr(
                "From then on devices on the network reach the service. Those that are connected come back "
                "by themselves, and so does every device that knows the new address."
            )
        return tr("Devices on the network reach the service there.")

    def _use(self) -> None:
        self.error.hide()
        self.use.setEnabled(False)
        self._context.ops.run(
            move_endpoint(self._context.client, str(self.address.currentData()), self.port.value()),
            on_success=self._show,
            on_error=self._refused,
            owner=self,
        )

    def _refused(self, error: ApiError) -> None:
        self.error.say(error.detail)
        self._show_choice()


def _described(found: AgentAddress) -> str:
    scopes = {
        LOOPBACK: tr("this PC only"),
        "lan": tr("local network"),
        "public": tr("public"),
    }
    return f"{found.address}   {found.interface} · {scopes.get(found.scope, found.scope)}"


class _FirewallHints(QWidget):
    """Folded away until a person asks for it: often nothing needs to be done."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._theme = context.theme
        self._port: int | None = None
        self.unfold = button(tr("Show commands"), self._toggle, "link")
        self._boxes = QWidget()
        self._lines = QVBoxLayout(self._boxes)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._boxes.hide()
        question = label(tr("Does the firewall of this PC keep devices out?"), "muted")
        self.setLayout(column(row(question, self.unfold, None), self._boxes))
        self.hide()

    def show_port(self, port: int | None) -> None:
        """The commands for that port; None when nothing comes from outside."""
        self.setVisible(port is not None)
        if port is None or port == self._port:
            return
        self._port = port
        while self._lines.count():
            item = self._lines.takeAt(0)
            old = item.widget() if item is not None else None
            if old is not None:
                old.deleteLater()
        for hint in hints(port):
            box = CommandBox(self._theme, hint.system)
            box.show_command(hint.command)
            self._lines.addWidget(box)

    def _toggle(self) -> None:
        shown = self._boxes.isHidden()
        self._boxes.setVisible(shown)
        self.unfold.setText(tr("Hide commands") if shown else tr("Show commands"))
