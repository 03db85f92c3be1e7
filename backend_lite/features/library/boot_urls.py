"""Addresses under which boot firmware gets the file of an image: signed, for a while, for these bytes."""

from __future__ import annotations

import re
from urllib.parse import quote

from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.http.ranges import KeptFile
from backend_lite.core.security.signing import Signer
from backend_lite.errors import NotFoundError
from backend_lite.features.library.images import Images

PREFIX = "/boot/"
_PATH = re.compile(r"/boot/([0-9]{1,18})\.([0-9]{1,15})\.([0-9a-f]{64})/([^/]+)")


class BootUrls:
    """`/boot/<image>.<expires>.<signature>/<file name>`: firmware wants the name at the end, and no query."""

    def __init__(self, key: bytes, clock: Clock, images: Images) -> None:
        self._signer = Signer(key, "boot-url-1")
        self._clock = clock
        self._images = images

    def path(self, image_id: int, file: KeptFile, expires: int) -> str:
        """`expires`: seconds since 1970."""
        signature = self._signer.sign(str(image_id), str(expires), file.sha256, file.name)
        return f"{PREFIX}{image_id}.{expires}.{signature}/{quote(file.name, safe='')}"

    def file(self, session: Session, path: str) -> KeptFile | None:
        """The file behind a (decoded) path; None for one that was changed, has expired, or whose image has
        another file by now."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        image_id, expires, signature, name = found.groups()
        try:
            file = self._images.file(session, int(image_id))
        except NotFoundError:
            return None
        genuine = self._signer.holds(signature, image_id, expires, file.sha256, file.name)
        alive = int(expires) * 1000 > self._clock.now_ms()
        return file if genuine and alive and name == file.name else None
