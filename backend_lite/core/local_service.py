"""How a command line beside the running service reaches it: one writer, so it asks instead of writing."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from backend_lite.config import DataFolder
from backend_lite.contract.access import LOCAL_LOGIN, LOGOUT
from backend_lite.contract.system import HEALTH
from backend_lite.core.security.launch import Launch, read_launch
from backend_lite.errors import ServiceError

_ANSWER_S = 30.0
_HEALTH_S = 3.0


def running_service(data: DataFolder) -> LocalService | None:
    """The service that runs on this data folder; None when its process is gone or does not answer."""
    launch = read_launch(data.service_file)
    if launch is None or not psutil.pid_exists(launch.pid):
        return None
    service = LocalService(launch)
    return service if service.answers() else None


class LocalService:
    """Calls the admin API on loopback, never through a proxy."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def answers(self) -> bool:
        try:
            self.call("GET", HEALTH, timeout_s=_HEALTH_S)
        except ServiceError:
            return False
        return True

    @contextmanager
    def signed_in(self) -> Iterator[str]:
        """A token of the owner for as long as the block runs. Raises ServiceError."""
        body = {"secret": self.launch.secret, "command": True}
        token: str = self.call("POST", LOCAL_LOGIN, body)["access_token"]
        try:
            yield token
        finally:
            self._log_out(token)

    def _log_out(self, token: str) -> None:
        try:
            self.call("POST", LOGOUT, token=token)
        except ServiceError as refusal:
            # What was done may have ended every session of the owner.
            if refusal.status != 401:
                raise

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        timeout_s: float = _ANSWER_S,
    ) -> Any:
        """The answer's JSON. Raises ServiceError with the service's sentence, or because it is gone."""
        try:
            return self._call(method, path, body, token, timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None
        except (OSError, ValueError, HTTPException) as error:
            raise ServiceError("The service does not answer. Try again.", status=503) from error

    def fetch(self, path: str, body: dict[str, Any], target: Path, *, token: str, timeout_s: float) -> None:
        """POST, and the answer's body into `target`, whole or not at all. Raises ServiceError, OSError."""
        part = target.with_name(f".{target.name}.part")
        try:
            with (
                self._opener.open(self._request("POST", path, body, token), timeout=timeout_s) as answer,
                os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            ):
                shutil.copyfileobj(answer, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None
        except (urllib.error.URLError, HTTPException, TimeoutError) as error:
            raise ServiceError("The service does not answer. Try again.", status=503) from error
        finally:
            part.unlink(missing_ok=True)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None, token: str | None, timeout_s: float
    ) -> Any:
        with self._opener.open(self._request(method, path, body, token), timeout=timeout_s) as answer:
            return json.loads(answer.read())

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None, token: str | None
    ) -> urllib.request.Request:
        request = urllib.request.Request(self.launch.admin_url + path, method=method)  # noqa: S310
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        return request


def _refusal(status: int, body: bytes) -> ServiceError:
    try:
        problem = json.loads(body)
        return ServiceError(str(problem["detail"]), code=str(problem.get("code", "")), status=status)
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"The service refused with status {status}.", status=status)
