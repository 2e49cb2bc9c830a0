"""The badge that a demo leaves for the person who tries it, in a file that only its owner can read."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import ValidationError

from magacin.contracts.devices import DemoBadge

log = structlog.get_logger(__name__)


def demo_badge(file: Path | None) -> DemoBadge | None:
    """Return what a running demo has left; None where there is no demo."""
    if file is None:
        return None
    try:
        return DemoBadge.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        # Not what is in it: a badge is a key.
        log.warning("demo_badge_unreadable", file=str(file), reason=type(error).__name__)
        return None
