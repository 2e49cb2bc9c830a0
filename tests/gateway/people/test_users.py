"""Admins manage users."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from magacin.contracts.auth import UserChange
from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.users import LastAdmin, Users
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway

NEW = {"username": "bob", "role": "worker", "password": PASSWORD}


class TestAccess:
    @pytest.mark.parametrize("role", [Role.WORKER, Role.SUPERVISOR, Role.MANAGER])
    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/api/users"), ("POST", "/api/users"), ("PATCH", "/api/users/bob")]
    )
    async def test_admins_only(self, gateway: Gateway, role: Role, method: str, path: str) -> None:
        status, body = await gateway.request(method, path, role=role, json=NEW if method == "POST" else {})
        assert (status, body["error"]["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("role", [Role.WORKER, Role.SUPERVISOR, Role.MANAGER])
    async def test_nobody_raises_their_own_role(self, gateway: Gateway, role: Role) -> None:
        await gateway.users.add(CHIEF, "w1", role, SecretStr(PASSWORD))
        for wanted in ("supervisor", "manager", "admin"):
            status, _ = await gateway.request("PATCH", "/api/users/w1", role=role, json={"role": wanted})
            assert status == 403
        (user,) = await gateway.users.all()
        assert user.role == role

    @pytest.mark.parametrize("path", ["/api/users", "/api/auth/me"])
    async def test_needs_a_login(self, gateway: Gateway, path: str) -> None:
        assert (await gateway.request("GET", path, role=None))[0] == 401


class TestCreate:
    async def test_and_list(self, gateway: Gateway) -> None:
        status, body = await gateway.request("POST", "/api/users", role=Role.ADMIN, json=NEW)
        assert (status, body) == (201, {"username": "bob", "role": "worker", "active": True})
        status, body = await gateway.request("GET", "/api/users", role=Role.ADMIN)
        assert (status, body) == (200, [{"username": "bob", "role": "worker", "active": True}])

    async def test_a_name_that_is_taken(self, gateway: Gateway) -> None:
        answers = await asyncio.gather(
            *(gateway.request("POST", "/api/users", role=Role.ADMIN, json=NEW) for _ in range(4))
        )
        assert sorted(status for status, _ in answers) == [201, 409, 409, 409]

    @pytest.mark.parametrize(
        "change",
        [
            {"username": "Bob"},
            {"username": "b b"},
            {"username": "b\n"},
            {"username": ""},
            {"username": "x" * 33},
            {"role": "root"},
            {"password": "short"},
            {"password": "x" * 257},
            {"active": False},
            {"password": None},
        ],
    )
    async def test_bad_values(self, gateway: Gateway, change: dict[str, Any]) -> None:
        status, body = await gateway.request("POST", "/api/users", role=Role.ADMIN, json=NEW | change)
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert PASSWORD not in str(body)


class TestChange:
    async def test_role_and_activity(self, gateway: Gateway) -> None:
        await gateway.users.add(CHIEF, "bob", Role.WORKER, SecretStr(PASSWORD))
        change = {"role": "manager", "active": False}
        status, body = await gateway.request("PATCH", "/api/users/bob", role=Role.ADMIN, json=change)
        assert (status, body) == (200, {"username": "bob", "role": "manager", "active": False})

    async def test_password(self, gateway: Gateway) -> None:
        await gateway.users.add(CHIEF, "bob", Role.WORKER, SecretStr(PASSWORD))
        change = {"password": "another password"}
        assert (await gateway.request("PATCH", "/api/users/bob", role=Role.ADMIN, json=change))[0] == 200
        for password, expected in ((PASSWORD, 401), ("another password", 200)):
            credentials = {"username": "bob", "password": password}
            status, _ = await gateway.request("POST", "/api/auth/login", role=None, json=credentials)
            assert status == expected

    async def test_nothing_changes_nothing(self, gateway: Gateway) -> None:
        await gateway.users.add(CHIEF, "bob", Role.WORKER, SecretStr(PASSWORD))
        _, generation = await gateway.users.change(CHIEF, "bob", UserChange())
        assert generation == 1

    @pytest.mark.parametrize("name", ["nobody", "N%00", "a%2Fb", "x" * 400, "%F0%28"])
    async def test_unknown(self, gateway: Gateway, name: str) -> None:
        status, body = await gateway.request("PATCH", f"/api/users/{name}", role=Role.ADMIN, json={})
        assert (status, body["error"]["code"]) == (404, "not_found")

    @pytest.mark.parametrize("change", [{"active": False}, {"role": "manager"}])
    async def test_the_last_admin_stays(self, gateway: Gateway, change: dict[str, Any]) -> None:
        await gateway.users.add(CHIEF, "boss", Role.ADMIN, SecretStr(PASSWORD))
        status, body = await gateway.request("PATCH", "/api/users/boss", role=Role.ADMIN, json=change)
        assert (status, body["error"]["code"]) == (409, "last_admin")
        await gateway.users.add(CHIEF, "boss2", Role.ADMIN, SecretStr(PASSWORD))
        assert (await gateway.request("PATCH", "/api/users/boss", role=Role.ADMIN, json=change))[0] == 200

    async def test_two_admins_cannot_both_leave_at_once(self, gateway_database: Database) -> None:
        passwords = Passwords()
        users = Users(gateway_database, passwords)
        for attempt in range(5):
            names = [f"a{attempt}", f"b{attempt}"]
            for name in names:
                await users.add(CHIEF, name, Role.ADMIN, SecretStr(PASSWORD))
            for user in await users.all():
                if user.active and user.username not in names:
                    await users.change(CHIEF, user.username, UserChange(active=False))
            left = await asyncio.gather(
                *(users.change(CHIEF, name, UserChange(active=False)) for name in names),
                return_exceptions=True,
            )
            assert sum(isinstance(result, LastAdmin) for result in left) == 1, left
            assert not [r for r in left if isinstance(r, BaseException) and not isinstance(r, AppError)]
        passwords.close()


class TestAssign:
    """The gateway knows who exists; the Task Service does not."""

    async def assign(self, gateway: Gateway, workers: Any) -> tuple[int, Any]:
        body = {"workers": workers}
        return await gateway.request("POST", "/api/tasks/1/assign", role=Role.SUPERVISOR, json=body)

    async def test_known_workers(self, gateway: Gateway) -> None:
        await gateway.users.add(CHIEF, "bob", Role.WORKER, SecretStr(PASSWORD))
        assert (await self.assign(gateway, ["bob", "bob"]))[0] == 200
        assert (await self.assign(gateway, []))[0] == 200
        assert [r["body"] for r in gateway.upstream.requests] == [
            b'{"workers": ["bob", "bob"]}',
            b'{"workers": []}',
        ]

    async def test_unknown_and_inactive_ones_are_named(self, gateway: Gateway) -> None:
        for name in ("bob", "eve"):
            await gateway.users.add(CHIEF, name, Role.WORKER, SecretStr(PASSWORD))
        await gateway.users.change(CHIEF, "eve", UserChange(active=False))
        status, body = await self.assign(gateway, ["bob", "eve", "nobody", "N\x00"])
        assert (status, body["error"]["code"]) == (422, "unknown_workers")
        assert body["error"]["details"] == {"unknown": ["N\x00", "eve", "nobody"]}
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    async def test_what_only_the_service_could_read_is_refused(self, gateway: Gateway, encoding: str) -> None:
        body = '{"workers": ["ghost"]}'.encode(encoding)
        headers = {"Content-Type": "application/json"}
        status, answer = await gateway.request(
            "POST", "/api/tasks/1/assign", role=Role.SUPERVISOR, data=body, headers=headers
        )
        assert (status, answer["error"]["code"]) == (400, "malformed_json")
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize("workers", ["bob", 5, [5], None, {"a": 1}, ["x"] * 101])
    async def test_what_is_no_list_of_names_is_the_services_to_refuse(
        self, gateway: Gateway, workers: Any
    ) -> None:
        assert (await self.assign(gateway, workers))[0] == 200
        assert len(gateway.upstream.requests) == 1

    @pytest.mark.parametrize("body", [b"", b"[]"])
    async def test_what_is_no_object_as_well(self, gateway: Gateway, body: bytes) -> None:
        status, _ = await gateway.request("POST", "/api/tasks/1/assign", role=Role.SUPERVISOR, data=body)
        assert status == 200
        assert gateway.upstream.requests[0]["body"] == body

    @pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 10_000])
    async def test_what_is_no_json_is_refused(self, gateway: Gateway, body: bytes) -> None:
        status, answer = await gateway.request("POST", "/api/tasks/1/assign", role=Role.SUPERVISOR, data=body)
        assert (status, answer["error"]["code"]) == (400, "malformed_json")
        assert gateway.upstream.requests == []
