"""What a script may say: every refusal is a sentence that names what would do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backend_lite.contract.library import (
    MAX_CONTENT,
    MAX_FOLDER,
    MAX_FOLDERS,
    MAX_TAG,
    MAX_TAGS,
    TARGET_OS_TYPES,
    Language,
)
from backend_lite.contract.parameters import ScriptParameter, definition_problems
from backend_lite.contract.runs import MAX_TIMEOUT_S
from backend_lite.core.names import checked_name
from backend_lite.errors import InvalidError

MAX_DESCRIPTION = 4000
MAX_MESSAGE = 1000
MAX_DEFINITIONS_BYTES = 256 << 10


def checked_size(content: str, *others: str | None) -> str:
    """`others` are what the script looks with and undoes with."""
    size = len(content.encode())
    whole = size + sum(len(text.encode()) for text in others if text)
    if whole > MAX_CONTENT:
        what = "The script has" if size > MAX_CONTENT else "The script, its detect and its undo have together"
        raise InvalidError(
            f"{what} {max(size, whole):,} bytes; at most {MAX_CONTENT:,} are allowed. "
            "Let it download what makes it so large.",
            code="too_large",
            status=413,
        )
    return content


def checked_content(content: str) -> str:
    """As it came, byte for byte."""
    checked_size(content)
    if not content.strip():
        raise InvalidError("The script is empty: write what it should do.", code="empty_script")
    if "\0" in content:
        raise InvalidError("The script holds a NUL character: it is not text. Save it as UTF-8 text first.")
    return content


def checked_companion(text: str | None, what: str) -> str | None:
    """The text that detects or undoes, as it came; None where there is nothing in it."""
    if text is None or not text.strip():
        return None
    if "\0" in text:
        raise InvalidError(
            f"The {what} script holds a NUL character: it is not text. Save it as UTF-8 text first."
        )
    return text


def checked_folder(folder: str) -> str:
    """Names of folders with `/` between them, such as `Windows/Clean up`; empty is the top of the library."""
    parts = [checked_name(part, MAX_FOLDER) for part in folder.split("/") if part.strip()]
    if any(part in (".", "..") for part in parts):
        raise InvalidError('No folder can be called "." or ".."; write it as in Windows/Clean up.')
    if len(parts) > MAX_FOLDERS:
        raise InvalidError(f"{len(parts)} folders stand in each other; at most {MAX_FOLDERS} may.")
    if len(folder := "/".join(parts)) > MAX_FOLDER:
        raise InvalidError(f"The folder has {len(folder)} characters; at most {MAX_FOLDER} are allowed.")
    return folder


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Each once, in one line."""
    cleaned = list(dict.fromkeys(checked_name(tag, MAX_FOLDER) for tag in tags if tag.strip()))
    if len(cleaned) > MAX_TAGS:
        raise InvalidError(f"The script has {len(cleaned)} tags; at most {MAX_TAGS} are allowed.")
    for tag in cleaned:
        if "," in tag:
            raise InvalidError(f'The tag "{tag[:40]}" holds a comma: make two tags of it.')
        if len(tag) > MAX_TAG:
            raise InvalidError(
                f'The tag "{tag[:20]}..." has {len(tag)} characters; at most {MAX_TAG} are allowed.'
            )
    return cleaned


def checked_language(language: str) -> Language:
    try:
        return Language(language)
    except ValueError:
        raise InvalidError(
            f'"{language[:40]}" is no language that agents can run: use {_one_of(tuple(Language))}.'
        ) from None


def checked_target(target_os_type: str | None) -> str | None:
    if not target_os_type:
        return None
    if target_os_type not in TARGET_OS_TYPES:
        raise InvalidError(
            f'"{target_os_type[:40]}" is no known operating system: use {_one_of(TARGET_OS_TYPES)}, '
            "or none for any."
        )
    return target_os_type


def checked_timeout(timeout_s: int) -> int:
    if not 1 <= timeout_s <= MAX_TIMEOUT_S:
        raise InvalidError(f"The timeout must be between 1 and {MAX_TIMEOUT_S} seconds.")
    return timeout_s


def checked_parameters(definitions: Sequence[ScriptParameter], language: str) -> None:
    """Raises InvalidError with everything that is wrong with them."""
    if found := definition_problems(definitions, language):
        raise InvalidError(" ".join(found.values()), code="bad_parameters")
    if (size := len(msgspec.json.encode(definitions))) > MAX_DEFINITIONS_BYTES:
        raise InvalidError(
            f"The declared parameters have {size:,} bytes; at most {MAX_DEFINITIONS_BYTES:,} are allowed. "
            "Shorten their descriptions and choices.",
            code="bad_parameters",
        )


def checked_text(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise InvalidError(f"The {what} has {len(text)} characters; at most {limit} are allowed.")
    if "\0" in text:
        raise InvalidError(f"The {what} holds a NUL character; type it again.")
    return text


def _one_of(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
