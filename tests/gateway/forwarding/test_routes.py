"""The table: who may ask what, and that everything of it is described."""

from __future__ import annotations

import re

import pytest

from magacin.contracts.identity import Role
from magacin.gateway.forwarding.routes import ROUTES, Forwarded
from magacin.gateway.metrics import Upstream
from tests.gateway.conftest import Gateway

IDS = [f"{row.method} {row.path}" for row in ROUTES]
LOWER = [(row, role) for row in ROUTES for role in Role if not role.includes(row.role)]
ALLOWED = [(row, role) for row in ROUTES for role in Role if role.includes(row.role)]


def concrete(row: Forwarded) -> str:
    return re.sub(r"\{\w+\}", "7", row.path)


class TestEveryRoute:
    @pytest.mark.parametrize("row", ROUTES, ids=IDS)
    async def test_needs_a_login(self, gateway: Gateway, row: Forwarded) -> None:
        status, body = await gateway.request(row.method, concrete(row), role=None)
        assert (status, body["error"]["code"]) == (401, "unauthorized")
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize(("row", "role"), LOWER)
    async def test_refuses_a_lower_role(self, gateway: Gateway, row: Forwarded, role: Role) -> None:
        status, body = await gateway.request(row.method, concrete(row), role=role)
        assert (status, body["error"]["code"]) == (403, "forbidden")
        assert body["error"]["details"] == {"required_role": row.role, "role": role}
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize(("row", "role"), ALLOWED)
    async def test_reaches_the_service(self, gateway: Gateway, row: Forwarded, role: Role) -> None:
        status, body = await gateway.request(row.method, concrete(row), role=role)
        assert (status, body) == (200, {"from": "upstream"})
        (seen,) = gateway.upstream.requests
        assert (seen["method"], seen["target"]) == (row.method, concrete(row))

    @pytest.mark.parametrize("row", [row for row in ROUTES if "_id}" in row.path])
    @pytest.mark.parametrize("bad", ["abc", "0", "-1", "1.5", "9223372036854775808", "%00", "1%2F2", "٣"])
    async def test_refuses_what_is_no_id(self, gateway: Gateway, row: Forwarded, bad: str) -> None:
        path = re.sub(r"\{\w+\}", bad, row.path)
        status, body = await gateway.request(row.method, path, role=Role.ADMIN)
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert gateway.upstream.requests == []


class TestTable:
    def test_no_internal_path_is_forwarded(self) -> None:
        assert all(row.path.startswith("/api/") for row in ROUTES)

    def test_a_row_is_there_once(self) -> None:
        assert len({(row.method, row.path) for row in ROUTES}) == len(ROUTES)

    def test_what_changes_something_is_repeated_only_by_operation_id(self) -> None:
        repeated = {row.path for row in ROUTES if row.repeatable}
        assert repeated == {"/api/scan", "/api/tasks/{task_id}/shortages"}

    def test_imports_go_to_the_import_service(self) -> None:
        to_imports = {row.path.startswith("/api/imports") for row in ROUTES if row.to is Upstream.IMPORTS}
        assert to_imports == {True}


class TestOpenApi:
    async def test_describes_every_row(self, gateway: Gateway) -> None:
        _, schema = await gateway.request("GET", "/openapi.json", role=None)
        for row in ROUTES:
            operation = schema["paths"][row.path][row.method.lower()]
            assert operation["security"] == [{"HTTPBearer": []}]
            assert operation["x-minimum-role"] == row.role
            assert {"401", "403", "503", str(row.status)} <= operation["responses"].keys()
            assert ("requestBody" in operation) == (row.body is not None)
            error = operation["responses"]["401"]["content"]["application/json"]["schema"]
            assert error == {"$ref": "#/components/schemas/ErrorBody"}

    async def test_shows_the_models(self, gateway: Gateway) -> None:
        _, schema = await gateway.request("GET", "/openapi.json", role=None)
        assert {"ScanIn", "ScanResult", "Task", "ImportJob", "Tokens"} <= schema["components"][
            "schemas"
        ].keys()
        scan = schema["paths"]["/api/scan"]["post"]
        assert scan["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/ScanIn")
        (task_id,) = schema["paths"]["/api/tasks/{task_id}"]["get"]["parameters"]
        assert task_id["schema"]["type"] == "integer"

    async def test_wrong_method_names_the_right_ones(self, gateway: Gateway) -> None:
        async with gateway.session.delete(f"{gateway.url}/api/tasks") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET, POST"
            assert (await response.json())["error"]["code"] == "method_not_allowed"

    @pytest.mark.parametrize("path", ["/internal/requisitions", "/api/nothing", "/api/tasks/", "/api//tasks"])
    async def test_what_is_not_in_the_table_is_not_forwarded(self, gateway: Gateway, path: str) -> None:
        status, body = await gateway.request("GET", path, role=Role.ADMIN, allow_redirects=False)
        assert (status, body["error"]["code"]) == (404, "not_found")
        assert gateway.upstream.requests == []
