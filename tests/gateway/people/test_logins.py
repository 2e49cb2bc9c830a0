"""Administrators see where somebody is logged in, and end it."""

from __future__ import annotations

import uuid

import pytest
from pydantic import SecretStr

from magacin.contracts.identity import Role
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway


async def log_in(gateway: Gateway, username: str = "ana") -> dict[str, str]:
    answer: dict[str, str]
    status, answer = await gateway.request(
        "POST", "/api/auth/login", role=None, json={"username": username, "password": PASSWORD}
    )
    assert status == 200, answer
    return answer


async def renewed(gateway: Gateway, tokens: dict[str, str]) -> int:
    body = {"refresh_token": tokens["refresh_token"]}
    return (await gateway.request("POST", "/api/auth/refresh", role=None, json=body))[0]


async def who_am_i(gateway: Gateway, tokens: dict[str, str]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await gateway.request("GET", "/api/auth/me", role=None, headers=headers))[0]


@pytest.fixture
async def ana(gateway: Gateway) -> Gateway:
    await gateway.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
    return gateway


async def test_each_login_is_listed_by_what_it_was(ana: Gateway) -> None:
    tokens = await log_in(ana)
    device = await ana.enrol("Scanner 7")
    await ana.request("PUT", "/api/users/ana/pin", role=Role.ADMIN, json={"pin": "274951"})
    status, badge = await ana.request("POST", "/api/users/ana/badge", role=Role.ADMIN)
    assert status == 201, badge
    status, _ = await ana.request("POST", "/api/auth/badge", role=None, json=device | badge)
    assert status == 200
    assert await renewed(ana, tokens) == 200
    status, found = await ana.request("GET", "/api/users/ana/logins", role=Role.ADMIN)
    assert status == 200
    told = {(one["method"], one["device"], one["renewed_at"] is not None) for one in found}
    assert told == {("password", None, True), ("badge", "Scanner 7", False)}
    # Nothing of it helps anybody to log in.
    assert tokens["refresh_token"] not in str(found)
    await ana.state.devices.end(uuid.UUID(device["device_id"]), CHIEF)
    _, found = await ana.request("GET", "/api/users/ana/logins", role=Role.ADMIN)
    assert [one["method"] for one in found] == ["password"]


async def test_one_is_ended_and_the_others_go_on(ana: Gateway) -> None:
    first = await log_in(ana)
    (one,) = (await ana.request("GET", "/api/users/ana/logins", role=Role.ADMIN))[1]
    second = await log_in(ana)
    path = f"/api/users/ana/logins/{one['login_id']}"
    assert await ana.request("DELETE", path, role=Role.ADMIN) == (204, None)
    # At once, and not when its token runs out.
    assert await who_am_i(ana, first) == 401
    assert await renewed(ana, first) == 401
    assert await renewed(ana, second) == 200
    status, body = await ana.request("DELETE", path, role=Role.ADMIN)
    assert (status, body["error"]["code"]) == (404, "login_not_found")


async def test_all_are_ended_at_once(ana: Gateway) -> None:
    logins = [await log_in(ana) for _ in range(3)]
    assert (await ana.request("DELETE", "/api/users/ana/logins", role=Role.ADMIN))[0] == 204
    assert [await renewed(ana, tokens) for tokens in logins] == [401, 401, 401]
    assert await who_am_i(ana, logins[0]) == 401
    assert (await ana.request("GET", "/api/users/ana/logins", role=Role.ADMIN))[1] == []
    assert (await ana.request("DELETE", "/api/users/ana/logins", role=Role.ADMIN))[0] == 204
    assert await who_am_i(ana, await log_in(ana)) == 200
    status, log = await ana.request("GET", "/api/audit?action=user.login_ended", role=Role.ADMIN)
    ended = [entry for entry in log["items"] if entry["after"] == {"reason": "ended by an administrator"}]
    assert status == 200
    assert [entry["before"] for entry in ended[:3]] == [{"method": "password", "device": None}] * 3


async def test_the_login_of_somebody_else_is_not_ended_with_it(ana: Gateway) -> None:
    await ana.users.add(CHIEF, "bob", Role.WORKER, SecretStr(PASSWORD))
    tokens = await log_in(ana, "bob")
    (one,) = (await ana.request("GET", "/api/users/bob/logins", role=Role.ADMIN))[1]
    path = f"/api/users/ana/logins/{one['login_id']}"
    assert (await ana.request("DELETE", path, role=Role.ADMIN))[0] == 404
    assert await renewed(ana, tokens) == 200


@pytest.mark.parametrize("role", [Role.WORKER, Role.SUPERVISOR, Role.MANAGER])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users/ana/logins"),
        ("DELETE", "/api/users/ana/logins"),
        ("DELETE", f"/api/users/ana/logins/{uuid.UUID(int=7)}"),
    ],
)
async def test_it_is_for_administrators(ana: Gateway, role: Role, method: str, path: str) -> None:
    assert (await ana.request(method, path, role=role))[0] == 403


@pytest.mark.parametrize("name", ["nobody", "N%00", "x" * 400])
@pytest.mark.parametrize(
    ("method", "more"), [("GET", ""), ("DELETE", ""), ("DELETE", f"/{uuid.UUID(int=7)}")]
)
async def test_nobody_of_that_name(gateway: Gateway, name: str, method: str, more: str) -> None:
    assert (await gateway.request(method, f"/api/users/{name}/logins{more}", role=Role.ADMIN))[0] == 404


async def test_what_is_no_id_is_refused(ana: Gateway) -> None:
    assert (await ana.request("DELETE", "/api/users/ana/logins/7", role=Role.ADMIN))[0] == 422
