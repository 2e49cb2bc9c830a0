"""What a proxy lets through: the examples of the documentation against the paths that there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml
from fastapi.routing import APIRoute

from magacin.contracts import api
from magacin.contracts.live_drills import ACKNOWLEDGE_PATH
from magacin.core.middleware import UNCOUNTED
from magacin.gateway.forwarding.table import TABLE
from magacin.gateway.front import desk_app, pages, wall_app, worker_app
from magacin.gateway.sockets.sockets import PATH as SOCKETS
from magacin.stack.paths import ROOT
from tests.gateway.conftest import Gateway
from tests.schemas import require_kubernetes

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
INGRESS: dict[str, Any] = yaml.safe_load(
    (ROOT / "deploy" / "kubernetes" / "ingress.example.yaml").read_text(encoding="utf-8")
)
INSIDE = ("/metrics", "/health", "/health/ready", "/health/live", "/metrics/", "/healthz", "/anything")

Lets = Callable[[str], bool]


def nginx() -> Lets:
    [pattern] = re.findall(r"location ~ (\S+) \{", OPERATIONS)
    return lambda path: re.search(pattern, path) is not None


def caddy() -> Lets:
    [line] = re.findall(r"@public path (.+)", OPERATIONS)
    return lambda path: any(fnmatchcase(path, pattern) for pattern in line.split())


def ingress() -> Lets:
    [rule] = INGRESS["spec"]["rules"]
    rules = [(entry["path"], entry["pathType"]) for entry in rule["http"]["paths"]]

    def lets(path: str) -> bool:
        return any(
            path == wanted or (kind == "Prefix" and path.startswith(wanted + "/")) for wanted, kind in rules
        )

    return lets


def for_everybody() -> set[str]:
    routers = (pages.router, worker_app.router, desk_app.router, wall_app.router)
    own = {route.path for router in routers for route in router.routes if isinstance(route, APIRoute)}
    declared = {one.template for one in (*api.GATEWAY, *(row.endpoint for row in TABLE))}
    paths = {*own, *declared, "/openapi.json", f"{SOCKETS}/"}
    return {re.sub(r"\{\w+(:path)?\}", "7", path) for path in paths}


@pytest.mark.parametrize("example", [nginx, caddy, ingress])
class TestExample:
    def test_lets_through_what_is_for_everybody(self, example: Callable[[], Lets]) -> None:
        assert {"/", "/status", "/app/7", "/api/scan", "/socket.io/", ACKNOWLEDGE_PATH} <= for_everybody()
        assert not [path for path in for_everybody() if not example()(path)]

    def test_and_nothing_else(self, example: Callable[[], Lets]) -> None:
        assert set(UNCOUNTED) <= set(INSIDE)
        assert not [path for path in INSIDE if example()(path)]


async def test_the_gateway_has_no_other_pages(gateway: Gateway) -> None:
    described = {re.sub(r"\{\w+\}", "7", path) for path in gateway.app.openapi()["paths"]}
    assert described - set(UNCOUNTED) <= for_everybody()


def test_the_ingress_is_valid_and_leads_to_the_gateway() -> None:
    require_kubernetes(INGRESS)
    [rule] = INGRESS["spec"]["rules"]
    for entry in rule["http"]["paths"]:
        assert entry["backend"] == {"service": {"name": "api-gateway", "port": {"number": 8000}}}
