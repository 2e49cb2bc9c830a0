"""What is declared of endpoints against what the services do."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, SecretStr
from starlette.responses import Response

import magacin.contracts
import magacin.gateway
import magacin.imports
import magacin.tasks
from magacin.contracts import api
from magacin.contracts.endpoint import Endpoint
from magacin.core.endpoint import FORM, UPLOAD
from magacin.core.router import Disagreement, Router
from magacin.gateway.app import create_app as create_gateway
from magacin.gateway.forwarding.table import TABLE, Forwarded
from magacin.gateway.metrics import Upstream
from magacin.gateway.settings import GatewaySettings
from magacin.imports.app import create_app as create_import_service
from magacin.imports.settings import ImportSettings
from magacin.tasks.app import create_app as create_task_service
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN

DECLARED = (*api.TASKS, *api.IMPORTS, *api.GATEWAY)


def routes() -> Iterator[APIRoute]:
    """Return the routes of all modules that are called `endpoints`."""
    for package in (magacin.tasks, magacin.imports, magacin.gateway):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(".endpoints"):
                for router in vars(import_module(module.name)).values():
                    if isinstance(router, Router):
                        yield from (route for route in router.routes if isinstance(route, APIRoute))


SERVED = {f"{method} {route.path_format}": route for route in routes() for method in route.methods or ()}


# What browsers send of forms and files. Nobody types that.
_FORMS = (FORM, UPLOAD)
MODELS = [
    model
    for module in pkgutil.walk_packages(magacin.contracts.__path__, "magacin.contracts.")
    for model in vars(import_module(module.name)).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.name
]


class Lie(BaseModel):
    """Nobody answers or takes this."""


def test_what_is_declared_is_served_and_nothing_else() -> None:
    assert sorted(SERVED) == sorted(str(endpoint) for endpoint in DECLARED)


@pytest.mark.parametrize(
    "endpoint",
    [one for one in DECLARED if one.body and one.takes not in _FORMS and one.path.startswith("/api/")],
    ids=str,
)
def test_every_body_has_an_example(endpoint: Endpoint) -> None:
    assert endpoint.body
    assert endpoint.body.model_json_schema().get("examples")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_example_is_one_that_is_taken(model: type[BaseModel]) -> None:
    for example in model.model_json_schema().get("examples", []):
        model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("endpoint", DECLARED, ids=str)
class TestLie:
    def plant(self, endpoint: Endpoint, **lie: Any) -> None:
        Router().handles(replace(endpoint, **lie))(SERVED[str(endpoint)].endpoint)

    def test_the_truth_is_taken(self, endpoint: Endpoint) -> None:
        self.plant(endpoint)

    def test_another_model(self, endpoint: Endpoint) -> None:
        with pytest.raises(Disagreement, match="where Lie is declared"):
            self.plant(endpoint, answer=Lie, status=200)

    def test_a_missing_or_invented_query(self, endpoint: Endpoint) -> None:
        with pytest.raises(Disagreement, match="the query"):
            self.plant(endpoint, query=Lie if endpoint.query is None else None)

    def test_another_body(self, endpoint: Endpoint) -> None:
        if endpoint.takes != "multipart/form-data":
            with pytest.raises(Disagreement, match="the body"):
                self.plant(endpoint, body=Lie)

    def test_another_status(self, endpoint: Endpoint) -> None:
        """It stands nowhere else: a service answers what is declared, unless a handler makes its response."""
        handler = SERVED[str(endpoint)].endpoint
        lie = 201 if endpoint.status == 200 else 200
        made = get_origin(get_type_hints(handler)["return"])
        if isinstance(made, type) and issubclass(made, Response):
            with pytest.raises(Disagreement, match=f"with the status 200 where {lie} is declared"):
                self.plant(endpoint, status=lie)
        else:
            assert SERVED[str(endpoint)].status_code == endpoint.status


@pytest.fixture(scope="module")
def documents() -> dict[Upstream | None, Any]:
    """Return the OpenAPI documents of the services and, as None's, of the gateway."""
    common: dict[str, Any] = {
        "service_token": SecretStr(SERVICE_TOKEN),
        "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        "redis_url": SecretStr("redis://127.0.0.1:1/0"),
    }
    imports = ImportSettings(import_dir=Path("none"), task_service_url="http://127.0.0.1:1", **common)
    return {
        Upstream.TASKS: create_task_service(TaskSettings(**common)).openapi(),
        Upstream.IMPORTS: create_import_service(imports).openapi(),
        None: create_gateway(GatewaySettings(jwt_key=SecretStr(SERVICE_TOKEN * 2), **common)).openapi(),
    }


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.endpoint))
@pytest.mark.parametrize("part", ["parameters", "requestBody", "responses", "summary", "tags"])
def test_the_gateway_says_of_it_what_the_service_does(documents: Any, row: Forwarded, part: str) -> None:
    def said(by: Upstream | None) -> Any:
        found = documents[by]["paths"][row.endpoint.template][row.endpoint.method.lower()].get(part)
        if part != "responses":
            return found
        success = found[str(row.endpoint.status)]
        for described in success.get("content", {}).values():
            described.get("schema", {}).pop("title", None)  # made of the handler's name
        return success

    assert said(None) == said(row.to)
