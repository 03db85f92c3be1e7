"""A person's own password."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.contract.accounts import PasswordChange
from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.passwords import hash_password
from backend_lite.core.security.principal import Principal
from backend_lite.features.access.login import username_with_password
from backend_lite.features.access.password_rules import check_new_password
from backend_lite.features.access.proof import Proof
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tables import UserRow
from backend_lite.features.access.users import known_of


class OwnPassword:
    def __init__(self, database: Database, sessions: Sessions, proof: Proof, audit: Audit) -> None:
        self._database = database
        self._sessions = sessions
        self._proof = proof
        self._audit = audit

    async def change(self, person: Principal, wanted: PasswordChange, address: str) -> None:
        """End the person's other sessions with it. Raises InvalidError, ConflictError, TooFastError."""

        def read(session: Session) -> tuple[str, tuple[str, ...]]:
            user = session.get_one(UserRow, person.user_id)
            return username_with_password(user), known_of(user)

        username, about = await self._database.read(read)
        check_new_password(wanted.new_password, *about)
        new_hash = await hash_password(wanted.new_password)

        def work(unit: Unit, user: UserRow) -> None:
            user.password_hash = new_hash
            user.version += 1
            self._sessions.end_others(unit, person.user_id, person.token_id)
            entity = Entity("user", user.id, user.username)
            summary = f"{user.username} changed the own password."
            self._audit.record(unit, "auth.password", ActionType.UPDATE, entity, summary)

        await self._proof.of_signed_in(username, wanted.current_password, address, work, second_factor=False)
