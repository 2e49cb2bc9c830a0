"""The table: who may ask what, and that everything of it is described."""

from __future__ import annotations

import re

import pytest

from magacin.contracts import api
from magacin.contracts.identity import Role
from magacin.contracts.imports import RENAME_IN_IMPORTS
from magacin.contracts.tasks.master_data import TAKE_ARTICLES, TAKE_LOCATIONS
from magacin.contracts.tasks.people import RENAME_IN_TASKS
from magacin.contracts.tasks.requisitions import COMPARE_BATCH, TAKE_BATCH
from magacin.contracts.tasks.scans import GATHERED_SCANS
from magacin.contracts.tasks.webhooks import TAKE_EVENTS
from magacin.gateway.forwarding.table import TABLE, Forwarded
from magacin.gateway.metrics import Upstream
from tests.gateway.conftest import Gateway

IDS = [str(row.endpoint) for row in TABLE]
LOWER = [(row, role) for row in TABLE for role in Role if not role.includes(row.role)]
ALLOWED = [(row, role) for row in TABLE for role in Role if role.includes(row.role)]


def concrete(row: Forwarded) -> str:
    return re.sub(r"\{\w+\}", "7", row.endpoint.template)


class TestEveryRoute:
    @pytest.mark.parametrize("row", TABLE, ids=IDS)
    async def test_needs_a_login(self, gateway: Gateway, row: Forwarded) -> None:
        status, body = await gateway.request(row.endpoint.method, concrete(row), role=None)
        assert (status, body["error"]["code"]) == (401, "unauthorized")
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize(("row", "role"), LOWER)
    async def test_refuses_a_lower_role(self, gateway: Gateway, row: Forwarded, role: Role) -> None:
        status, body = await gateway.request(row.endpoint.method, concrete(row), role=role)
        assert (status, body["error"]["code"]) == (403, "forbidden")
        assert body["error"]["details"] == {"required_role": row.role, "role": role}
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize(("row", "role"), ALLOWED)
    async def test_reaches_the_service(self, gateway: Gateway, row: Forwarded, role: Role) -> None:
        status, body = await gateway.request(row.endpoint.method, concrete(row), role=role)
        assert (status, body) == (200, {"from": "upstream"})
        (seen,) = gateway.upstream.requests
        assert (seen["method"], seen["target"]) == (row.endpoint.method, concrete(row))

    @pytest.mark.parametrize("row", [row for row in TABLE if "_id}" in row.endpoint.template])
    @pytest.mark.parametrize("bad", ["abc", "0", "-1", "1.5", "9223372036854775808", "%00", "1%2F2", "٣"])
    async def test_refuses_what_is_no_id(self, gateway: Gateway, row: Forwarded, bad: str) -> None:
        path = re.sub(r"\{\w+\}", bad, row.endpoint.template)
        status, body = await gateway.request(row.endpoint.method, path, role=Role.ADMIN)
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert gateway.upstream.requests == []


class TestTable:
    def test_no_internal_path_is_forwarded(self) -> None:
        assert all(row.endpoint.template.startswith("/api/") for row in TABLE)

    def test_a_row_is_there_once(self) -> None:
        assert len({(row.endpoint.method, row.endpoint.template) for row in TABLE}) == len(TABLE)

    def test_what_changes_something_is_repeated_only_by_operation_id(self) -> None:
        repeated = {row.endpoint.template for row in TABLE if row.endpoint.repeatable}
        assert repeated == {
            "/api/scan",
            "/api/scans",
            "/api/undo",
            "/api/tasks/{task_id}/shortages",
            "/api/tasks/{task_id}/split",
            "/api/tasks/{task_id}/share",
            "/api/tasks/{task_id}/replan",
        }

    def test_only_what_is_between_services_is_left_out(self) -> None:
        there = [row.endpoint for row in TABLE]
        left_out = [one for one in (*api.TASKS, *api.IMPORTS) if one not in there]
        between = [GATHERED_SCANS, TAKE_ARTICLES, TAKE_LOCATIONS, TAKE_BATCH, COMPARE_BATCH, TAKE_EVENTS]
        assert left_out == [*between, RENAME_IN_TASKS, RENAME_IN_IMPORTS]

    def test_imports_go_to_the_import_service(self) -> None:
        to_imports = [row.endpoint.path for row in TABLE if row.to is Upstream.IMPORTS]
        assert all(path.startswith(("/api/import", "/api/held-orders")) for path in to_imports)


class TestOpenApi:
    async def test_describes_every_row(self, gateway: Gateway) -> None:
        _, schema = await gateway.request("GET", "/openapi.json", role=None)
        for row in TABLE:
            operation = schema["paths"][row.endpoint.template][row.endpoint.method.lower()]
            assert operation["security"] == [{"HTTPBearer": []}]
            assert operation["x-minimum-role"] == row.role
            assert {"401", "403", "503", str(row.endpoint.status)} <= operation["responses"].keys()
            assert ("requestBody" in operation) == (row.endpoint.body is not None)
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

    @pytest.mark.parametrize(
        "path", ["/internal/requisitions", "/internal/scans", "/api/nothing", "/api/tasks/", "/api//tasks"]
    )
    async def test_what_is_not_in_the_table_is_not_forwarded(self, gateway: Gateway, path: str) -> None:
        status, body = await gateway.request("GET", path, role=Role.ADMIN, allow_redirects=False)
        assert (status, body["error"]["code"]) == (404, "not_found")
        assert gateway.upstream.requests == []
