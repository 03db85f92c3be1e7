"""What a device knows about the service it belongs to, in one file that is either whole or not there."""

from __future__ import annotations

import json
import ssl
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agent.errors import AgentError
from agent.files import read_file, replace_durably
from agent.tls import pin_of
from agent.wire.codec import WireError, from_plain


@dataclass(frozen=True, slots=True)
class Enrollment:
    """`server` is the base address (https://HOST:PORT); `fingerprint` the words that a person compares."""

    server: str
    ca_pem: str
    device_id: int
    device_uid: str
    fingerprint: str

    @property
    def pin(self) -> str:
        return pin_of(ssl.PEM_cert_to_DER_cert(self.ca_pem))


def load_enrollment(path: Path) -> Enrollment | None:
    """What was saved, or None when this device is not enrolled. Raises AgentError for a damaged file."""
    try:
        raw = read_file(str(path))
        return None if raw is None else from_plain(json.loads(raw), Enrollment, "enrollment")
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, WireError):
        raise AgentError(f"{path} is damaged; delete it and enrol this device again.") from None


def save_enrollment(path: Path, enrollment: Enrollment) -> None:
    replace_durably(str(path), json.dumps(asdict(enrollment), indent=1).encode() + b"\n")


def at_address(path: Path, enrollment: Enrollment, server: str) -> Enrollment:
    """The same enrolment with the service at a new address, saved."""
    moved = replace(enrollment, server=server)
    if moved != enrollment:
        save_enrollment(path, moved)
    return moved
