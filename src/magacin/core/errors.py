"""Errors carry status, code and message; `error_answers` renders all of them.

The body is always `{"error": {"code", "message", "details"}}`: the code is for programs and never
changes, the message is for people, the details are what either needs to go on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson


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
            f"{self.reason}. Whether this was done is not certain; ask again in a moment, "
            "with the same operation_id where there is one.",
            details={"dependency": dependency},
        )
        self.dependency = dependency
        self.headers = {"Retry-After": "1"}


# A full disk or quota, no inode, a file system that became read-only or fails, no descriptor left.
_EXHAUSTED = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


def machine_exhausted(error: BaseException) -> DependencyUnavailable | None:
    """Return what to answer where it is the machine that something failed for, else None."""
    if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
        return None
    return DependencyUnavailable("machine", reason=f"cannot do this now ({os.strerror(error.errno)})")


class UpstreamTimeout(AppError):
    """Another service took too long; whether it did the work is not known."""

    status, code = 504, "upstream_timeout"


def error_body(code: str, message: str, details: Any = None) -> bytes:
    """Return the one form in which errors leave our services, as JSON."""
    body = {"error": {"code": code, "message": message, "details": details or {}}}
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)
