"""The second factor: codes of an authenticator app, each good once, and recovery codes."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode

import pyotp
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import RecoveryCodes, SecondFactorSetUp, SecondFactorState
from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.ids import secret_hash
from backend_lite.core.security.master_key import MasterKey
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, InvalidError, UnauthorizedError
from backend_lite.features.access.accounts import live_user
from backend_lite.features.access.roles import refuse_stronger
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tables import UserRow
from backend_lite.features.access.users import UserChanged, rights_of

OTP_REQUIRED = "otp_required"
OTP_WRONG = "otp_wrong"
RECOVERY_CODES = 10
ISSUER = "DeployFlow"
_STEP_S = 30
_LATE_STEPS = 1
"""So far the clocks of two machines may be apart."""
_CODE_BYTES = 15
"""120 random bits: from there on a plain hash keeps a code as well as a slow one."""


class SecondFactor:
    """Its methods run inside the caller's unit or session."""

    def __init__(self, clock: Clock, master_key: MasterKey, sessions: Sessions, audit: Audit) -> None:
        self._clock = clock
        self._master_key = master_key
        self._sessions = sessions
        self._audit = audit

    def state(self, session: Session, user_id: int) -> SecondFactorState:
        user = live_user(session, user_id)
        return SecondFactorState(
            user.otp_enabled_at is not None, len(user.recovery_codes), self._sessions.demands_factor
        )

    def enrol(self, unit: Unit, user_id: int) -> SecondFactorSetUp:
        """A new secret, which counts once confirmed. Raises ConflictError, also without a master key."""
        user = live_user(unit.session, user_id)
        _refuse_second(user)
        secret = pyotp.random_base32()
        user.otp_sealed = self._master_key.seal(purpose_of(user_id), secret)
        uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)
        return SecondFactorSetUp(secret, uri)

    def confirm(self, unit: Unit, person: Principal, code: str) -> RecoveryCodes:
        """From now on it is asked for; the person's other sessions, begun without it, end. Raises
        InvalidError for a wrong code, ConflictError."""
        user = live_user(unit.session, person.user_id)
        _refuse_second(user)
        if user.otp_sealed is None:
            raise ConflictError("Begin with a new secret for the authenticator app.", code="not_begun")
        step = self._matching_step(user, _digits(code))
        if step is None:
            raise InvalidError(
                "This code does not fit. Wait for the next one, and compare the clocks of both machines.",
                code=OTP_WRONG,
            )
        user.otp_used_step, user.otp_enabled_at = step, self._clock.now_ms()
        codes = _renew_codes(user)
        self._sessions.end_others(unit, user.id, person.token_id)
        self._changed(unit, user, "switched the second factor on", "auth.second_factor.on")
        return codes

    def use(self, unit: Unit, user: UserRow, code: str | None) -> None:
        """Nothing for who has none. Raises UnauthorizedError: `otp_required`, or `otp_wrong` also for a code
        that was used before."""
        if user.otp_enabled_at is None:
            return
        if not (code or "").strip():
            raise UnauthorizedError("Enter the code of your authenticator app.", code=OTP_REQUIRED)
        digits = _digits(code or "")
        used = self._use_code(user, digits) if digits.isdecimal() else self._use_recovery(unit, user, digits)
        if not used:
            raise UnauthorizedError(
                "This code is wrong or was used already. Wait for the next one.", code=OTP_WRONG
            )

    def renew_codes(self, unit: Unit, user_id: int) -> RecoveryCodes:
        """New ones; the old ones are worth nothing. Raises ConflictError without a second factor."""
        user = live_user(unit.session, user_id)
        if user.otp_enabled_at is None:
            raise ConflictError("There is no second factor yet.", code="no_second_factor")
        codes = _renew_codes(user)
        self._changed(unit, user, "made new recovery codes", "auth.second_factor.codes")
        return codes

    def remove(self, unit: Unit, user_id: int, editor: Principal) -> None:
        """One's own, or that of somebody who has lost theirs and has no more rights than the editor. The
        user's other sessions end."""
        user = live_user(unit.session, user_id)
        if editor.user_id != user_id:
            refuse_stronger(rights_of(unit.session, user_id), editor)
        if user.otp_sealed is None:
            return
        user.otp_sealed = user.otp_enabled_at = user.otp_used_step = None
        user.recovery_codes = []
        self._sessions.end_others(unit, user_id, editor.token_id)
        self._changed(unit, user, "took the second factor away", "auth.second_factor.off")

    def _use_code(self, user: UserRow, code: str) -> bool:
        step = self._matching_step(user, code)
        if step is None:
            return False
        user.otp_used_step = step
        return True

    def _use_recovery(self, unit: Unit, user: UserRow, code: str) -> bool:
        hashed = _hash_of(code)
        if hashed not in user.recovery_codes:
            return False
        user.recovery_codes = [one for one in user.recovery_codes if one != hashed]
        left = len(user.recovery_codes)
        self._changed(unit, user, f"used a recovery code, {left} are left", "auth.second_factor.recovery")
        return True

    def _matching_step(self, user: UserRow, code: str) -> int | None:
        if not code.isascii():
            return None
        totp = pyotp.TOTP(self._master_key.open(purpose_of(user.id), user.otp_sealed or ""))
        now = self._clock.now_ms() // 1000 // _STEP_S
        for step in range(now - _LATE_STEPS, now + _LATE_STEPS + 1):
            # A clock that was set back must not lock anyone out until it catches up.
            ahead = user.otp_used_step is not None and user.otp_used_step > now + _LATE_STEPS
            unused = user.otp_used_step is None or ahead or step > user.otp_used_step
            if unused and hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
                return step
        return None

    def _changed(self, unit: Unit, user: UserRow, what: str, action: str) -> None:
        unit.session.flush()
        unit.publish(UserChanged(user.id))
        entity = Entity("user", user.id, user.username)
        of = "" if unit.caller.user_id == user.id else f' of "{user.username}"'
        summary = f"{unit.caller.name} {what}{of}."
        self._audit.record(unit, action, ActionType.UPDATE, entity, summary)


def purpose_of(user_id: int) -> str:
    """What the secret of a user is sealed for."""
    return f"otp of user {user_id}"


def _refuse_second(user: UserRow) -> None:
    if user.otp_enabled_at is not None:
        raise ConflictError("There is a second factor already. Take it away first.", code="second_factor_on")


def _renew_codes(user: UserRow) -> RecoveryCodes:
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    user.recovery_codes = [_hash_of(code) for code in codes]
    return RecoveryCodes(codes)


def _new_code() -> str:
    text = b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash_of(code: str) -> str:
    plain = "".join(character for character in code.casefold() if character.isalnum())
    return secret_hash(plain).hex()


def _digits(code: str) -> str:
    return "".join(code.split())
