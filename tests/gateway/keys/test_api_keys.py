"""Programs that ask by an API key: what they may, and when they may not any more."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from magacin.contracts import api
from magacin.contracts.api_keys import ApiKeyIn
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.core import audit
from magacin.core.db import Database
from magacin.gateway.forwarding.table import TABLE, Forwarded
from magacin.gateway.models import api_keys
from tests.gateway.conftest import Gateway
from tests.support import audited, last_audited

OPEN = [row for row in TABLE if row.endpoint.scope is not None]
CLOSED = [row for row in TABLE if row.endpoint.scope is None]
OWN = [one for one in api.GATEWAY if one.role is not None]


def concrete(endpoint: Endpoint) -> str:
    path = endpoint.template.replace("{device_id}", "3f0c5a52-f2b9-4a6a-b1a1-a6f0d8f1c7de")
    return re.sub(r"\{\w+\}", "7", path)


async def key(gateway: Gateway, *scopes: Scope, name: str = "erp") -> str:
    made = await gateway.state.keys.make(ApiKeyIn(name=name, scopes=list(scopes)), audit.SYSTEM)
    return made.key


async def ask(gateway: Gateway, token: str, endpoint: Endpoint) -> tuple[int, Any]:
    shown = {"Authorization": f"Bearer {token}"}
    return await gateway.request(endpoint.method, concrete(endpoint), role=None, headers=shown)


class TestEveryRoute:
    @pytest.mark.parametrize("row", OPEN, ids=lambda row: str(row.endpoint))
    async def test_takes_a_key_with_its_scope(self, gateway: Gateway, row: Forwarded) -> None:
        scope = row.endpoint.scope
        assert scope is not None
        status, answer = await ask(gateway, await key(gateway, scope), row.endpoint)
        assert (status, answer) == (200, {"from": "upstream"})
        (seen,) = gateway.upstream.requests
        assert seen["headers"]["x-magacin-user"] == "key:erp"
        assert Role(seen["headers"]["x-magacin-role"]).includes(row.role)
        assert Role(seen["headers"]["x-magacin-role"]).includes(Role.SUPERVISOR)
        assert "authorization" not in seen["headers"]

    @pytest.mark.parametrize("row", OPEN, ids=lambda row: str(row.endpoint))
    async def test_refuses_a_key_without_it(self, gateway: Gateway, row: Forwarded) -> None:
        others = [scope for scope in Scope if scope is not row.endpoint.scope]
        status, answer = await ask(gateway, await key(gateway, *others), row.endpoint)
        assert (status, answer["error"]["code"]) == (403, "scope_missing")
        assert answer["error"]["details"]["required_scope"] == row.endpoint.scope
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize(
        "endpoint", [*(row.endpoint for row in CLOSED), *OWN], ids=lambda endpoint: str(endpoint)
    )
    async def test_is_closed_to_all_keys_unless_it_says_otherwise(
        self, gateway: Gateway, endpoint: Endpoint
    ) -> None:
        status, answer = await ask(gateway, await key(gateway, *Scope), endpoint)
        assert (status, answer["error"]["code"]) == (403, "scope_missing")
        assert gateway.upstream.requests == []

    def test_what_changes_something_has_a_scope_to_write(self) -> None:
        wrong = [
            str(row.endpoint)
            for row in OPEN
            if (row.endpoint.method != "GET") != str(row.endpoint.scope).endswith(":write")
        ]
        assert wrong == []

    async def test_openapi_says_which(self, gateway: Gateway) -> None:
        _, schema = await gateway.request("GET", "/openapi.json", role=None)
        for row in TABLE:
            operation = schema["paths"][row.endpoint.template][row.endpoint.method.lower()]
            assert operation.get("x-scope") == row.endpoint.scope


READ = next(row.endpoint for row in TABLE if str(row.endpoint) == "GET /api/requisitions")


class TestKeys:
    async def admin(self, gateway: Gateway, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        return await gateway.request(method, f"/api/keys{path}", role=Role.ADMIN, json=body)

    async def test_made_used_and_revoked(self, gateway: Gateway, gateway_database: Database) -> None:
        since = await last_audited(gateway_database)
        body = {"name": "erp", "scopes": ["requisitions:read", "requisitions:read"]}
        status, made = await self.admin(gateway, "POST", "", body)
        assert status == 201, made
        assert re.fullmatch(r"mgk_[\w-]{43}", made["key"])
        assert made["key"].startswith(made["prefix"])
        assert (made["scopes"], made["created_by"], made["last_used_at"]) == (
            ["requisitions:read"],
            "w1",
            None,
        )
        assert (await ask(gateway, made["key"], READ))[0] == 200
        _, (listed,) = await self.admin(gateway, "GET")
        assert "key" not in listed
        assert listed["last_used_at"] is not None
        async with gateway_database.begin() as connection:
            row = (await connection.execute(select(api_keys))).one()
        assert made["key"] not in repr(row)
        assert (await self.admin(gateway, "DELETE", f"/{made['key_id']}"))[0] == 204
        status, answer = await ask(gateway, made["key"], READ)
        assert (status, answer["error"]["code"]) == (401, "key_refused")
        assert (await self.admin(gateway, "DELETE", f"/{made['key_id']}"))[0] == 204
        entries = await audited(gateway_database, since)
        assert [one["action"] for one in entries] == ["key.made", "key.revoked"]
        assert made["key"] not in str(entries)
        assert (await self.admin(gateway, "DELETE", "/999"))[1]["error"]["code"] == "key_not_found"

    async def test_when_it_was_used_is_kept_to_the_minute(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        token, now = await key(gateway, Scope.REQUISITIONS_READ), datetime.now(UTC)
        for ago, renewed in ((timedelta(seconds=50), False), (timedelta(seconds=70), True)):
            async with gateway_database.begin() as connection:
                await connection.execute(update(api_keys).values(last_used_at=now - ago))
            assert (await ask(gateway, token, READ))[0] == 200
            (listed,) = await gateway.state.keys.all()
            assert listed.last_used_at is not None
            assert (listed.last_used_at > now - timedelta(seconds=40)) is renewed

    async def test_an_expired_one_is_refused(self, gateway: Gateway, gateway_database: Database) -> None:
        token = await key(gateway, Scope.REQUISITIONS_READ)
        async with gateway_database.begin() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await connection.execute(update(api_keys).values(expires_at=past))
        assert (await ask(gateway, token, READ))[1]["error"]["code"] == "key_refused"
        body = {"name": "late", "scopes": ["tasks:read"], "expires_at": past.isoformat()}
        assert (await self.admin(gateway, "POST", "", body))[1]["error"]["code"] == "invalid_input"

    @pytest.mark.parametrize("token", ["mgk_", "mgk_" + "A" * 43, "mgk_\xff"])
    async def test_one_that_nobody_made(self, gateway: Gateway, token: str) -> None:
        status, answer = await ask(gateway, token, READ)
        assert (status, answer["error"]["code"]) == (401, "key_refused")

    async def test_a_name_is_never_given_again(self, gateway: Gateway) -> None:
        body = {"name": "erp", "scopes": ["tasks:read"]}
        _, made = await self.admin(gateway, "POST", "", body)
        await self.admin(gateway, "DELETE", f"/{made['key_id']}")
        status, answer = await self.admin(gateway, "POST", "", body)
        assert (status, answer["error"]["code"]) == (409, "key_name_taken")

    @pytest.mark.parametrize("change", [{"name": "ERP 1"}, {"scopes": []}, {"scopes": ["everything"]}])
    async def test_what_makes_no_sense(self, gateway: Gateway, change: Any) -> None:
        body = {"name": "erp", "scopes": ["tasks:read"], **change}
        assert (await self.admin(gateway, "POST", "", body))[0] == 422

    async def test_it_is_in_no_log(self, gateway: Gateway, capfd: pytest.CaptureFixture[str]) -> None:
        _, made = await self.admin(gateway, "POST", "", {"name": "erp", "scopes": ["requisitions:read"]})
        await ask(gateway, made["key"], READ)
        await self.admin(gateway, "DELETE", f"/{made['key_id']}")
        await ask(gateway, made["key"], READ)
        written = capfd.readouterr()
        assert "/api/requisitions" in written.out
        assert made["key"].removeprefix(made["prefix"]) not in written.out + written.err
