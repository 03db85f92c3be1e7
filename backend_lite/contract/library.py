"""Scripts and their immutable revisions."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from backend_lite.contract.common import Time
from backend_lite.contract.parameters import ScriptParameter

SCRIPTS = "/api/v1/scripts"

MAX_CONTENT = 512 << 10
"""Largest script with its detect and undo texts, in bytes of UTF-8: it fits into one frame to an agent."""
MAX_NAME = 200
MAX_FOLDER = 400
MAX_FOLDERS = 20
"""Most folders in each other."""
MAX_TAG = 60
MAX_TAGS = 50


class Language(StrEnum):
    POWERSHELL = "powershell"
    BASH = "bash"
    SH = "sh"
    CMD = "cmd"
    PYTHON = "python"


TARGET_OS_TYPES: tuple[str, ...] = (
    "windows",
    "windows_server",
    "linux",
    "ubuntu",
    "debian",
    "proxmox",
    "rhel",
    "centos",
    "macos",
    "other",
)

_COVERS: dict[str, frozenset[str]] = {
    "linux": frozenset({"linux", "ubuntu", "debian", "proxmox", "rhel", "centos"}),
    "windows": frozenset({"windows", "windows_server"}),
}


def os_matches(target: str | None, device: str | None) -> bool:
    """True when a script for `target` may run on a device of `device`; unknown sides never refuse.

    A general name covers its kinds, in both directions: a script for `ubuntu` may go to a device that
    only says `linux`, because the device does not claim to be anything else.
    """
    if not target or not device or target in ("other", device):
        return True
    return device in _COVERS.get(target, ()) or target in _COVERS.get(device, ())


def os_names(os_type: str) -> list[str]:
    """The type and the general names that cover it."""
    return [os_type, *(name for name, kinds in _COVERS.items() if os_type in kinds and name != os_type)]


class Script(Struct):
    """A script with the content and parameters of its current revision; `revision` counts from 1.

    `idempotent` says that it may be run again after a failure: only then may a rollout retry it. `folder`
    is its place in the library, such as `Windows/Clean up`. `detect` and `undo` are texts in the script's
    language and parts of its revision: detect runs first, and where it ends with 0 there is nothing to
    do; undo takes back. `author` made that revision.
    """

    id: int
    name: str
    description: str | None
    language: Language
    target_os_type: str | None
    content: str
    created_at: Time
    updated_at: Time
    revision: int
    revision_id: int
    timeout_s: int
    version: int
    parameters: list[ScriptParameter] = field(default_factory=list)
    idempotent: bool = False
    folder: str = ""
    tags: list[str] = field(default_factory=list)
    detect: str | None = None
    undo: str | None = None
    author: str = ""


class ScriptCreate(Struct):
    name: str
    content: str
    language: str = "powershell"
    description: str | None = None
    target_os_type: str | None = None
    timeout_s: int | None = None
    message: str = ""
    parameters: list[ScriptParameter] = field(default_factory=list)
    idempotent: bool = False
    folder: str = ""
    tags: list[str] = field(default_factory=list)
    detect: str | None = None
    undo: str | None = None


class ScriptUpdate(Struct):
    """PUT: any subset. A changed content, language, parameter, detect or undo makes a new revision, with
    `message`."""

    name: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    target_os_type: str | UnsetType | None = UNSET
    timeout_s: int | UnsetType = UNSET
    message: str = ""
    parameters: list[ScriptParameter] | UnsetType = UNSET
    idempotent: bool | UnsetType = UNSET
    folder: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    detect: str | UnsetType | None = UNSET
    undo: str | UnsetType | None = UNSET


class ScriptCopy(Struct):
    """POST SCRIPTS/{id}/duplicate. Without a name: that of the original with "(copy)", numbered where
    needed."""

    name: str | None = None


class FavoriteScripts(Struct):
    """GET SCRIPTS/favorites: the caller's own, by name; PUT SCRIPTS/{id}/favorite adds one and answers with
    all, DELETE takes it out (204)."""

    script_ids: list[int]


class ScriptText(Struct):
    """POST SCRIPTS/findings: texts, saved or not; the answer is a list of `contract.runs.Finding`."""

    language: str
    content: str
    detect: str | None = None
    undo: str | None = None


class ScriptRevision(Struct):
    """GET SCRIPTS/{id}/revisions: newest first. `content_hash` is `sha256:` + hex over the UTF-8 content."""

    id: int
    script_id: int
    number: int
    language: Language
    content: str
    content_hash: str
    author: str
    message: str
    created_at: Time
    parameters: list[ScriptParameter] = field(default_factory=list)
    detect: str | None = None
    undo: str | None = None
