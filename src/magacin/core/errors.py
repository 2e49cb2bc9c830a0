"""Errors carry status, code and message; one handler renders all of them.

The body is always `{"error": {"code", "message", "details"}}`: the code is for programs and never
changes, the message is for people, the details are what either needs to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

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


class AppError(Exception):
    """An error with an answer: subclasses name the HTTP status and the stable code."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.headers: dict[str, str] = {}


class BadRequest(AppError):
    """The request cannot be understood."""

    status, code = 400, "bad_request"


class MalformedJson(BadRequest):
    """The body is not JSON in UTF-8."""

    code = "malformed_json"


class Unauthorized(AppError):
    """Nobody has shown who is asking, or the proof has expired or is forged."""

    status, code = 401, "unauthorized"


class Forbidden(AppError):
    """It is known who asks, and they may not."""

    status, code = 403, "forbidden"


class NotFound(AppError):
    """There is no such thing."""

    status, code = 404, "not_found"


class Conflict(AppError):
    """The request is well-formed and contradicts the present state."""

    status, code = 409, "conflict"


class BodyTooLarge(AppError):
    """The body is larger than the limit; it was not read to its end."""

    status, code = 413, "body_too_large"


class Unprocessable(AppError):
    """The request is well-formed and its content makes no sense."""

    status, code = 422, "invalid_input"


class TooManyRequests(AppError):
    """The caller has to wait: `Retry-After` says how many seconds."""

    status, code = 429, "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, details={"retry_after_seconds": retry_after})
        self.headers = {"Retry-After": str(retry_after)}


class DependencyUnavailable(AppError):
    """Something we depend on does not answer; trying again is right, under the same operation_id."""

    status, code = 503, "dependency_unavailable"

    def __init__(self, dependency: str, *, reason: str = "does not answer") -> None:
        self.reason = f"{dependency} {reason}"
        super().__init__(
            f"{self.reason}. Whether this was done is not certain; try again in a moment.",
            details={"dependency": dependency},
        )
        self.dependency = dependency
        self.headers = {"Retry-After": "1"}


class UpstreamTimeout(AppError):
    """Another service took too long; whether it did the work is not known."""

    status, code = 504, "upstream_timeout"


def error_body(code: str, message: str, details: Any = None) -> bytes:
    """Return the one form in which errors leave our services, as JSON."""
    body = {"error": {"code": code, "message": message, "details": details or {}}}
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)


def error_response(
    status: int, code: str, message: str, details: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the same as a response."""
    return Response(error_body(code, message, details), status, dict(headers or {}), "application/json")


async def _render_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  registered for this class only; narrows the type
    if error.status >= 500:
        log.warning("request_failed", code=error.code, path=request.url.path, reason=error.message)
    return error_response(error.status, error.code, error.message, error.details, error.headers)


async def _render_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only; narrows the type
    code = _HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
    return error_response(error.status_code, code, str(error.detail), headers=error.headers)


async def _render_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class only
    problems = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "message": explained(item)}
        for item in error.errors()
    ]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return error_response(400, "malformed_json", "The body is not valid JSON.", {"problems": problems})
    summary = "; ".join(f"{p['field']}: {p['message']}" if p["field"] else p["message"] for p in problems[:3])
    return error_response(
        422, "invalid_input", f"The request is not valid: {summary}.", {"problems": problems}
    )


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` leave in the one form. Unforeseen ones are the middleware's."""
    app.add_exception_handler(AppError, _render_app_error)
    app.add_exception_handler(HTTPException, _render_http_error)
    app.add_exception_handler(RequestValidationError, _render_validation_error)
