"""What every feature and page may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from console.core.drafts import Drafts
from console.core.formatting import Clock, utc_now
from console.core.own_rights import OwnRights

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings

    from console.core.client import ApiClient
    from console.core.live import LiveStore
    from console.core.local_agent import LocalAgent
    from console.core.local_service import LocalService
    from console.core.session import Session
    from console.shell.navigator import Navigator
    from console.shell.notices import Notices
    from console.shell.op_runner import OpRunner
    from console.shell.theme import Theme

T = TypeVar("T")
_NOBODY = "nobody"


@dataclass
class Context:
    """Handed to every page.

    `settings` holds window state only: what a person arranged, never data. `local` and
    `this_pc` are there when the service is this machine's own. `rights` are those of the
    signed-in person.
    """

    client: ApiClient
    live: LiveStore
    ops: OpRunner
    navigator: Navigator
    notices: Notices
    theme: Theme
    settings: QSettings
    session: Session
    local: LocalService | None = None
    this_pc: LocalAgent | None = None
    clock: Clock = utc_now
    rights: OwnRights = field(init=False)

    def __post_init__(self) -> None:
        self.rights = OwnRights(self.client)

    def drafts(self, folder: str, kind: type[T]) -> Drafts[T]:
        """Those of the signed-in person: the next one at this window sees none of them."""
        user = self.session.user
        place = Path(self.settings.fileName()).parent / "drafts" / (user.id if user else _NOBODY)
        return Drafts(place / folder, kind)
