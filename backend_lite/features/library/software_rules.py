"""What a software item may say, checked as a whole: every refusal is a sentence that names what would do."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec

from backend_lite.contract.library import MAX_TAG, MAX_TAGS
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S
from backend_lite.contract.software import InstallerType, SoftwareCreate
from backend_lite.contract.software_query import tags_of
from backend_lite.core.names import checked_name
from backend_lite.errors import InvalidError
from backend_lite.features.library import rules
from backend_lite.features.library.file_rules import checked_file_name, checked_sha256
from backend_lite.features.library.refusals import named
from backend_lite.features.library.software_detection import checked_detection
from backend_lite.features.library.software_sources import checked_source
from backend_lite.features.library.software_systems import checked_system

MAX_COMMAND = 128 << 10
MAX_ARGUMENTS = 4000
MAX_EXIT_CODES = 50
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_BETWEEN = re.compile(r"[^a-z0-9]+")


def checked_software(wanted: SoftwareCreate) -> dict[str, Any]:
    """The columns of the item, but for its size, which the kept file tells. Raises InvalidError."""
    installer = named("installer_type", _checked_installer, wanted.installer_type)
    asked = named("target_os_type", rules.checked_target, wanted.target_os_type)
    target = named("target_os_type", checked_system, installer, asked)
    source_type, source, file_name = named("source", checked_source, installer, wanted)
    columns: dict[str, Any] = {
        "name": named("name", checked_name, wanted.name, what="A software item"),
        "slug": named("slug", _checked_slug, wanted.slug) or slug_of(wanted.name),
        "version_text": named("version_text", _checked_line, wanted.version_text, 100, "version"),
        "description": named(
            "description", rules.checked_text, wanted.description or "", rules.MAX_DESCRIPTION, "description"
        )
        or None,
        "tags": named("tags", _checked_tags, wanted.tags or ""),
        "publisher": named("publisher", _checked_line, wanted.publisher, 200, "publisher"),
        "installer_type": installer.value,
        "source_type": source_type.value,
        "source": source,
        "file_name": checked_file_name(file_name) if file_name else "",
        "sha256": checked_sha256(wanted.sha256) if wanted.sha256 else None,
        "language": named("language", rules.checked_language, wanted.language).value
        if wanted.language
        else "",
        "install_args": named("install_args", _checked_arguments, wanted.install_args, "install arguments"),
        "uninstall_args": named(
            "uninstall_args", _checked_arguments, wanted.uninstall_args, "uninstall arguments"
        ),
        "detection": msgspec.to_builtins(
            named("detection", checked_detection, wanted.detection, installer, target)
        ),
        "exit_codes": named("exit_codes", _checked_exit_codes, wanted.exit_codes),
        "timeout_s": named("timeout_s", rules.checked_timeout, wanted.timeout_s or DEFAULT_TIMEOUT_S),
        "target_os_type": asked,
    }
    for field in ("install_command", "uninstall_command"):
        columns[field] = named(field, _checked_command, getattr(wanted, field), field.replace("_", " "))
    _check_command_needed(installer, columns)
    _check_language_needed(installer, columns)
    return columns


def slug_of(name: str) -> str:
    """The name in lower-case letters, digits and `-`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _BETWEEN.sub("-", plain).strip("-")[:190].rstrip("-") or "item"


def _check_command_needed(installer: InstallerType, columns: dict[str, Any]) -> None:
    if installer in (InstallerType.CUSTOM, InstallerType.SCRIPT) and not columns["install_command"]:
        what = "script" if installer is InstallerType.SCRIPT else "command"
        raise InvalidError(
            f"An item of the type {installer} needs an install_command: the {what} that installs it.",
            code="no_command",
        )


def _check_language_needed(installer: InstallerType, columns: dict[str, Any]) -> None:
    scripted = installer is InstallerType.SCRIPT or columns["detection"]["type"] == "script"
    if scripted and not columns["language"]:
        raise InvalidError(
            "Say in which language its script is written, such as powershell or bash.", code="bad_language"
        )


def _checked_installer(text: str) -> InstallerType:
    try:
        return InstallerType(text)
    except ValueError:
        raise InvalidError(
            f'"{text[:40]}" is no way to install something: use one of {", ".join(InstallerType)}.'
        ) from None


def _checked_slug(text: str) -> str:
    if text and (len(text) > 200 or not _SLUG.fullmatch(text)):
        raise InvalidError(
            f'"{text[:40]}" will not do as a slug: it has lower-case letters and digits, with - between them.'
        )
    return text


def _checked_line(text: str, limit: int, what: str) -> str:
    return checked_name(text, limit) if (text := rules.checked_text(text, limit, what).strip()) else ""


def _checked_tags(text: str) -> str:
    tags = tags_of(text)
    if len(tags) > MAX_TAGS:
        raise InvalidError(f"The item has {len(tags)} tags; at most {MAX_TAGS} are allowed.")
    for tag in tags:
        if len(checked_name(tag, rules.MAX_DESCRIPTION)) > MAX_TAG:
            raise InvalidError(f'The tag "{tag[:20]}..." is too long; {MAX_TAG} characters are allowed.')
        if '"' in tag or "\\" in tag:
            raise InvalidError(f'The tag "{tag[:40]}" holds a quote or a backslash: leave it out.')
    return text.strip()


def _checked_command(text: str, what: str) -> str:
    """As it came; empty where there is nothing in it."""
    if not text.strip():
        return ""
    if (size := len(text.encode())) > MAX_COMMAND:
        raise InvalidError(
            f"The {what} has {size:,} bytes; at most {MAX_COMMAND:,} are allowed.",
            code="too_large",
            status=413,
        )
    if "\0" in text:
        raise InvalidError(f"The {what} holds a NUL character: it is not text.")
    return text


def _checked_arguments(text: str, what: str) -> str:
    text = rules.checked_text(text, MAX_ARGUMENTS, what).strip()
    if any(unicodedata.category(character) == "Cc" and character != "\t" for character in text):
        raise InvalidError(f"The {what} must stand in one line, without control characters.")
    return text


def _checked_exit_codes(codes: list[int]) -> list[int]:
    codes = list(dict.fromkeys(codes))
    if not 1 <= len(codes) <= MAX_EXIT_CODES:
        raise InvalidError(f"Name 1 to {MAX_EXIT_CODES} exit codes that mean success; mostly it is 0 alone.")
    for code in codes:
        if not -(2**31) <= code < 2**32:
            raise InvalidError(f"{code} cannot be an exit code: they go from {-(2**31)} to {2**32 - 1}.")
    return codes
