"""What a drill's person says when the gateway does not do what it has to."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from magacin.drills.people import Person, Unanswered
from magacin.stack import clients, parts
from magacin.stack.paths import DataDir
from magacin.stack.secrets import Secrets
from magacin.stack.site import Site


async def test_a_login_that_was_refused_is_named_and_not_what_came_of_it(tmp_path: Path) -> None:
    async def refused(request: web.Request) -> web.Response:
        return web.json_response({"error": "PostgreSQL is away"}, status=503)

    async def unknown(request: web.Request) -> web.Response:
        return web.json_response({"error": "not valid"}, status=401)

    app = web.Application()
    app.add_routes([web.post("/api/auth/login", refused), web.post("/api/requisitions", unknown)])
    async with TestServer(app) as gateway, clients.http_session(total=30) as session:
        assert gateway.port is not None
        site = Site(DataDir(tmp_path), Secrets(tmp_path), gateway.port - parts.PORTS["api-gateway"])
        with pytest.raises(Unanswered, match=r"/api/auth/login was answered 503: .*PostgreSQL is away"):
            await Person(site, session, "secret").must("POST", "/api/requisitions", {}, seconds=0)
