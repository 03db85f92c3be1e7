"""What an area brings along, and what it is built from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler

from backend_lite.config import Config
from backend_lite.core.agent_endpoint import AgentEndpoint
from backend_lite.core.audit.record import Audit
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.references import References
from backend_lite.core.db.restored import AfterRestore
from backend_lite.core.db.sealed_holders import SealedHolders
from backend_lite.core.db.within import Within
from backend_lite.core.events.bus import EventBus
from backend_lite.core.events.outbox import Outbox, Reaction
from backend_lite.core.live import LiveHub, LiveKind
from backend_lite.core.security.master_key import MasterKey, open_master_key
from backend_lite.core.security.outgoing import OutgoingCalls
from backend_lite.core.settings import SettingValues

Route = HTTPRouteHandler | ASGIRouteHandler
Lifecycle = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Kernel:
    """The core that every area is built from.

    `service_epoch` names this life of the database; `endpoint` is where agents reach the service;
    `launch_secret` proves that a caller runs as the same account on this machine; `references` know who
    uses what; `settings` are what they are now; who keeps sealed texts is one of `sealed_holders`. Whoever
    calls others does so through `outgoing`. `own_ports` are those of the listeners besides that for agents.
    """

    config: Config
    clock: Clock
    database: Database
    bus: EventBus
    outbox: Outbox
    live: LiveHub
    service_epoch: str
    endpoint: AgentEndpoint
    launch_secret: str
    master_key: MasterKey = field(default_factory=lambda: open_master_key(None, "", keyring_allowed=False))
    references: References = field(default_factory=References)
    settings: SettingValues = field(default_factory=SettingValues)
    sealed_holders: SealedHolders = field(default_factory=SealedHolders)
    outgoing: OutgoingCalls = field(default_factory=OutgoingCalls)
    own_ports: set[int] = field(default_factory=set)

    @cached_property
    def within(self) -> Within:
        """What lies in which groups: every area adds what it names in its addresses."""
        return Within(self.database)

    @property
    def audit(self) -> Audit:
        return Audit(self.clock)


@dataclass(frozen=True)
class Feature:
    """The manifest of an area.

    `routes` makes fresh handlers on every call, since each listener's app owns its handlers. `live` are
    the kinds that consoles may follow. `reactions` are what it owes to lower areas' outbox topics.
    `restored` makes true what a restore asks of it, before anything starts.
    `disconnect` lets go of every connection that the area holds, before any area is stopped.
    """

    name: str
    routes: Callable[[], Sequence[Route]] = list
    live: Mapping[str, LiveKind] = field(default_factory=dict)
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    restored: AfterRestore | None = None
    start: Lifecycle | None = None
    disconnect: Lifecycle | None = None
    stop: Lifecycle | None = None
    api: Any = None
