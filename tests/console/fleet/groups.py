"""Groups as the service keeps them, for tests of their pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from backend_lite.contract.fleet import GROUPS
from tests.helpers.fake_service import FakeApi

Object = dict[str, Any]


def group(group_id: int, name: str, **more: Any) -> Object:
    """A group that names its devices."""
    return {
        "id": group_id,
        "name": name,
        "description": "",
        "query": None,
        "device_count": 0,
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-02T10:00:00.000Z",
        "version": 1,
        **more,
    }


def pause(pause_id: int, scope: str = "group", place: int | None = 1, name: str = "Lab") -> Object:
    return {
        "id": pause_id,
        "scope": scope,
        "group_id": place if scope == "group" else None,
        "device_id": place if scope == "device" else None,
        "name": name,
        "reason": "Inventory",
        "created_by": "owner",
        "created_at": "2026-03-04T08:00:00.000Z",
        "until": None,
    }


class GroupService:
    """Answers as the service does; `groups` and `members` are what it has."""

    def __init__(self, api: FakeApi, *groups: Object, members: dict[int, list[int]] | None = None) -> None:
        self.api = api
        self.groups = {one["id"]: dict(one) for one in groups}
        self.members = {key: set(ids) for key, ids in (members or {}).items()}
        api.answers[f"GET {GROUPS}"] = lambda _request: (200, list(self.groups.values()))
        api.answers[f"POST {GROUPS}"] = self._create
        for group_id in (*self.groups, *range(50, 54)):
            path = f"{GROUPS}/{group_id}"
            answers: dict[str, Callable[[httpx.Request, int], tuple[int, Any]]] = {
                f"GET {path}": lambda _request, key: (200, self.groups[key]),
                f"PUT {path}": self._update,
                f"DELETE {path}": lambda _request, key: self._delete(key),
                f"GET {path}/members": lambda _request, key: (200, sorted(self.members.get(key, ()))),
                f"POST {path}/members": self._change,
            }
            for call, answer in answers.items():
                api.answers[call] = partial(_of_group, answer, group_id)

    def edit(self, group_id: int, **fields: Any) -> Object:
        """Somebody changes it."""
        known = self.groups[group_id]
        known.update(fields, version=known["version"] + 1)
        return known

    def _create(self, request: httpx.Request) -> tuple[int, Any]:
        wanted = json.loads(request.content)
        devices = wanted.pop("devices")
        made = group(50 + sum(key >= 50 for key in self.groups), **wanted)
        self.groups[made["id"]], self.members[made["id"]] = made, set(devices)
        return 201, made | {"device_count": len(devices)}

    def _update(self, request: httpx.Request, group_id: int) -> tuple[int, Any]:
        known = self.groups[group_id]
        if request.headers["If-Match"] != f'"{known["version"]}"':
            return 409, {"detail": "It was changed meanwhile.", "code": "stale"}
        return 200, self.edit(group_id, **json.loads(request.content))

    def _delete(self, group_id: int) -> tuple[int, Any]:
        del self.groups[group_id]
        return 204, None

    def _change(self, request: httpx.Request, group_id: int) -> tuple[int, Any]:
        wanted, mine = json.loads(request.content), self.members.setdefault(group_id, set())
        mine |= set(wanted["add"])
        mine -= set(wanted["remove"])
        return 200, self.edit(group_id, device_count=len(mine))


def _of_group(
    answer: Callable[[httpx.Request, int], tuple[int, Any]], group_id: int, request: httpx.Request
) -> tuple[int, Any]:
    return answer(request, group_id)
