"""The outermost layer of a service: what is answered when nothing below it did."""

from __future__ import annotations

import errno
import os

import aiohttp
import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware

from magacin.core.middleware import ObservabilityMiddleware
from tests.support import serving


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (errno.ENOSPC, 503, "dependency_unavailable"),
        (errno.EDQUOT, 503, "dependency_unavailable"),
        (errno.EROFS, 503, "dependency_unavailable"),
        (errno.EIO, 503, "dependency_unavailable"),
        (errno.EMFILE, 503, "dependency_unavailable"),
        (errno.ENFILE, 503, "dependency_unavailable"),
        (errno.EISDIR, 500, "internal_error"),
    ],
)
async def test_what_the_machine_has_not_is_not_called_a_fault_of_ours(
    number: int, status: int, code: str
) -> None:
    app = FastAPI(middleware=[Middleware(ObservabilityMiddleware)])

    @app.get("/")
    async def fails() -> None:
        raise OSError(number, os.strerror(number))

    async with serving(app) as url, aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == status
        error = (await answer.json())["error"]
        assert error["code"] == code
        assert ("Retry-After" in answer.headers) == (status == 503)
        assert answer.headers["X-Request-Id"]
