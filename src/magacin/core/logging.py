"""Structured logs: one JSON object a line on standard output, with the request's id on each."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

_SECRET_KEYS = frozenset({"password", "token", "authorization", "secret", "refresh_token", "access_token"})
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # The last line of defence: nobody should log one, and if somebody does, it does not get out.
    for key in event.keys() & _SECRET_KEYS:
        event[key] = "***"
    return event


def _to_json(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)


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

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_service,
            _mask_secrets,
            # Without local variables: among them are headers, and in those are tokens.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_StructlogHandler()]
    root.setLevel(max(threshold, logging.WARNING))
