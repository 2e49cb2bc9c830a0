"""Teams and shifts through the gateway: who may, and which people it takes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from magacin.contracts.identity import PEOPLE, Role
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway
from tests.gateway.test_with_task_service import whole

__all__ = ["whole"]

_SHIFT = {"name": "Early", "weekdays": [1, 2, 3, 4, 5], "starts": "06:00", "ends": "14:00"}
# Method, path, body, and the status for whoever may.
_ROUTES: list[tuple[str, str, Any, int]] = [
    ("GET", "/api/shifts", None, 200),
    ("POST", "/api/shifts", _SHIFT, 201),
    ("PATCH", "/api/shifts/999", {"name": "A"}, 404),
    ("DELETE", "/api/shifts/999", None, 404),
    ("GET", "/api/teams", None, 200),
    ("POST", "/api/teams", {"name": "Cold store"}, 201),
    ("PATCH", "/api/teams/999", {"name": "A"}, 404),
    ("DELETE", "/api/teams/999", None, 404),
    ("GET", "/api/attendance", None, 200),
]


@pytest.mark.parametrize("role", [None, Role.SCREEN, *PEOPLE])
async def test_each_is_a_supervisors_and_no_workers(whole: Gateway, role: Role | None) -> None:
    for method, path, body, otherwise in _ROUTES:
        status, answer = await whole.request(method, path, role, json=body)
        allowed = role is not None and role.includes(Role.SUPERVISOR)
        expected = otherwise if allowed else 401 if role is None else 403
        assert status == expected, (method, path, answer)


async def test_only_people_who_may_log_in_are_put_into_a_team(whole: Gateway) -> None:
    await whole.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
    body = {"name": "Cold store", "workers": ["ana", "nobody"]}
    status, answer = await whole.request("POST", "/api/teams", Role.SUPERVISOR, json=body)
    assert (status, answer["error"]["code"]) == (422, "unknown_workers")
    assert (await whole.request("GET", "/api/teams", Role.SUPERVISOR))[1]["items"] == []
    body["workers"] = ["ana"]
    status, team = await whole.request("POST", "/api/teams", Role.SUPERVISOR, json=body)
    assert (status, team["workers"]) == (201, ["ana"])
