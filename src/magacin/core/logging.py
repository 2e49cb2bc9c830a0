"""Structured logs: one JSON object a line on standard output, with the request's id on each."""

from __future__ import annotations

import atexit
import json
import logging
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from magacin.core.log_output import LogOutput

_SECRET_KEYS = frozenset({"password", "token", "authorization", "secret", "refresh_token", "access_token"})
# Not whatever sys.stdout is now: its descriptor may be closed, and be another file's by then.
_STANDARD_OUTPUT = 1
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Stands on each line, unless the line has another one."""


class _RequestLog:
    """The line that each request has. By way of structlog it cost a tenth of a scan's way through us."""

    def __init__(self) -> None:
        self._write: Callable[[bytes], object] | None = None
        self._service = ""

    def configure(self, service: str, write: Callable[[bytes], object] | None) -> None:
        """Say whose requests they are, and where lines go, if they are wanted."""
        self._service, self._write = service, write

    def __call__(self, method: str, endpoint: str, status: int, seconds: float, request_id: str) -> None:
        """Write that a request was answered."""
        if self._write is None:
            return
        line = {
            "method": method,
            "endpoint": endpoint,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "event": "http_request",
            "request_id": request_id,
            "level": "info",
            "timestamp": datetime.now(UTC),
            "service": self._service,
        }
        self._write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


log_request = _RequestLog()


def _add_request_id(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (request_id := REQUEST_ID.get()) is not None:
        event.setdefault("request_id", request_id)
    return event


def _mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # The last line of defence: nobody should log one, and if somebody does, it does not get out.
    for key in event.keys() & _SECRET_KEYS:
        event[key] = "***"
    return event


def _to_json(value: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        # Half of a surrogate pair in a file's name, a number of 65 bits: rare, and no reason to fail.
        return json.dumps(value, default=repr, skipkeys=True).encode()


class _StructlogHandler(logging.Handler):
    """Sends what libraries log through the same pipeline, so that a log has one form."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(
            max(record.levelno, 10), record.getMessage(), exc_info=record.exc_info or None
        )


def configure_logging(service: str, level: str = "info") -> None:
    """Set up logging of this process. `service` is on every line."""
    threshold = _LEVELS[level.lower()]

    def add_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    def returned(lost: int, since: str) -> bytes:
        now = datetime.now(UTC).isoformat()
        said = {"event": "log_lines_lost", "lines": lost, "since": since, "level": "warning"}
        return _to_json({**said, "timestamp": now, "service": service}) + b"\n"

    output = LogOutput(_STANDARD_OUTPUT, returned)
    atexit.register(output.flush)
    log_request.configure(service, output.gather if threshold <= _LEVELS["info"] else None)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_service,
            _mask_secrets,
            # Without local variables: among them are headers, and in those are tokens.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(file=cast(BinaryIO, output)),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_StructlogHandler()]
    root.setLevel(max(threshold, logging.WARNING))
