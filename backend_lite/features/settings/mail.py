"""Sending mail through the server of the settings.

Where that may stand: an owner named it, so on this machine (a relay of its own), in the LAN or beyond; never
at an address of no machine (links, groups, what a cloud answers from), nor at a port of this service.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
from email.message import EmailMessage

import structlog

from backend_lite.core.security.outgoing import OutgoingCalls
from backend_lite.errors import ConflictError, InvalidError
from backend_lite.features.settings.api import SettingsApi

log = structlog.get_logger(__name__)

TIMEOUT_S = 20.0
_ADDRESS = re.compile(r"[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,250}")


class Mail:
    def __init__(self, settings: SettingsApi, calls: OutgoingCalls) -> None:
        self._settings = settings
        self._calls = calls

    async def send(self, to: str, subject: str, text: str) -> None:
        """Returns when the server has taken the message. Raises InvalidError for a bad address and for a
        server that may not be called, and ConflictError with what to mend: settings that are missing, a
        server that refuses."""
        values = self._settings.values
        sender = values.text("email.sender")
        if not values.text("email.host"):
            raise ConflictError(
                "No mail server is set. Name one in the settings, under Email.", code="no_mail"
            )
        for address, what in ((to, "to write to"), (sender, 'in the setting "From"')):
            if not _ADDRESS.fullmatch(address):
                raise InvalidError(f'The address {what} is "{address[:100]}", which is no mail address.')
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message.set_content(text)
        try:
            await asyncio.to_thread(self._deliver, message, self._settings.secret("email.password"))
        except ssl.SSLError as error:
            log.warning("the TLS of the mail server was not accepted", reason=error.reason)
            raise ConflictError(
                f"The mail server's encryption was not accepted ({error.reason or 'no reason given'}). Check "
                "its name and its certificate, and whether starttls or tls fits the port.",
                code="mail_refused",
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise ConflictError(_why(error), code="mail_refused") from error

    def _deliver(self, message: EmailMessage, password: str) -> None:
        values = self._settings.values
        host, port, tls = values.text("email.host"), values.whole("email.port"), values.text("email.tls")
        with _Server(self._calls, host, port, tls_first=tls == "tls") as server:
            if tls == "starttls":
                server.starttls(context=self._calls.trust())
            user = values.text("email.user")
            if user and tls != "none":
                server.login(user, password)
            server.send_message(message)


class _Server(smtplib.SMTP):
    """Connected to an address that was checked."""

    def __init__(self, calls: OutgoingCalls, host: str, port: int, *, tls_first: bool) -> None:
        self._calls = calls
        self._tls_first = tls_first
        # Left to itself it asks the name servers, for minutes where none answers.
        super().__init__(host, port, socket.gethostname(), timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = self._calls.connect_near(host, port, timeout)
        if not self._tls_first:
            return plain
        try:
            return self._calls.trust().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refused the user name or the password."
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else ""
        return f"The mail server refused the message ({error.smtp_code} {said[:200]})."
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "The mail server does not take messages for this address."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server offers no such encryption or sign-in. Choose another encryption."
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"The mail server cannot be reached ({reason}). Check its name and port."
