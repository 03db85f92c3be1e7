"""Bringing files, at the address of each artifact that takes them (see `contract.uploads`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from backend_lite.contract.images import OS_IMAGE_UPLOADS
from backend_lite.contract.software import SOFTWARE_UPLOADS
from backend_lite.contract.uploads import MAX_PIECE, StoredFile, Upload, UploadCreate
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.library.uploads import Uploads

OCTETS = frozenset({"application/octet-stream"})
_PIECES = re.compile(f"({re.escape(SOFTWARE_UPLOADS)}|{re.escape(OS_IMAGE_UPLOADS)})/[^/]+/?")

AnyRequest = Request[Any, Any, Any]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]


def piece_types(path: str) -> frozenset[str]:
    """The content types that an address takes besides JSON."""
    return OCTETS if _PIECES.fullmatch(path) else frozenset()


def upload_routes(uploads: Uploads, prefix: str, permission: str, purpose: str) -> Sequence[Route]:
    """The five routes under `prefix`, for files that only `purpose` may refer to."""
    one = f"{prefix}/{{upload_id:str}}"

    @post(prefix, permission=permission, audience=USER)
    async def upload_begin(request: AnyRequest, data: JSONBody[UploadCreate]) -> Upload:
        """Begin to bring a file."""
        return await uploads.begin(purpose, data, request.user.user_id)

    @get(one, permission=permission, audience=USER)
    async def upload_get(upload_id: FromPath[str]) -> Upload:
        """Where to go on."""
        return await uploads.get(purpose, upload_id)

    @put(one, permission=permission, audience=USER, request_max_body_size=MAX_PIECE)
    async def upload_piece(request: AnyRequest, upload_id: FromPath[str], offset: Offset) -> Upload:
        """Append a piece; `offset` is what was received before it."""
        return await uploads.append(purpose, upload_id, offset, request.stream())

    @post(f"{one}/finish", permission=permission, audience=USER)
    async def upload_finish(upload_id: FromPath[str]) -> StoredFile:
        """Verify the file and keep it; what nothing refers to within a day is removed."""
        return await uploads.finish(purpose, upload_id)

    @delete(one, permission=permission, audience=USER)
    async def upload_give_up(upload_id: FromPath[str]) -> None:
        """Forget the file."""
        await uploads.give_up(purpose, upload_id)

    return [upload_begin, upload_get, upload_piece, upload_finish, upload_give_up]
