"""What a service answers where there is an error; apart, because commands without HTTP raise errors too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from magacin.core.errors import AppError, error_body
from magacin.core.validation import explained

log = structlog.get_logger(__name__)

_HTTP_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def error_response(
    status: int, code: str, message: str, details: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the same as a response."""
    return Response(error_body(code, message, details), status, dict(headers or {}), "application/json")


def app_error_response(error: AppError, path: str) -> Response:
    """Return what the sender of a request to `path` is answered, and log what is our fault."""
    if error.status >= 500:
        log.warning("request_failed", code=error.code, path=path, reason=error.message)
    return error_response(error.status, error.code, error.message, error.details, error.headers)


async def _render_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  registered for this class only; narrows the type
    return app_error_response(error, request.url.path)


async def _render_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only; narrows the type
    code = _HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
    return error_response(error.status_code, code, str(error.detail), headers=error.headers)


def validation_code(error: RequestValidationError) -> str:
    """Return the code of the error that a request gets which is not valid."""
    is_json = all(item["type"] != "json_invalid" for item in error.errors())
    return "invalid_input" if is_json else "malformed_json"


async def _render_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class only
    return validation_error_response(error)


def validation_error_response(error: RequestValidationError) -> Response:
    """Return what the sender of a request is answered that is not valid."""
    problems = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "message": explained(item)}
        for item in error.errors()
    ]
    code = validation_code(error)
    if code == "malformed_json":
        return error_response(400, code, "The body is not valid JSON.", {"problems": problems})
    summary = "; ".join(f"{p['field']}: {p['message']}" if p["field"] else p["message"] for p in problems[:3])
    return error_response(422, code, f"The request is not valid: {summary}.", {"problems": problems})


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` leave in the one form. Unforeseen ones are the middleware's."""
    app.add_exception_handler(AppError, _render_app_error)
    app.add_exception_handler(HTTPException, _render_http_error)
    app.add_exception_handler(RequestValidationError, _render_validation_error)
