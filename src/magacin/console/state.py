"""What the console opened when it started, and how its endpoints are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from magacin.console.backends import Backends
from magacin.console.dashboard_files import DashboardFiles
from magacin.console.sessions import Sessions
from magacin.console.settings import ConsoleSettings
from magacin.console.upstream import Upstream
from magacin.core.attempts import AttemptCounts
from magacin.core.service import provided
from magacin.core.web_app import WebApp


@dataclass(frozen=True, kw_only=True)
class ConsoleState:
    """All of it. `attempts` are those to log in, by address."""

    settings: ConsoleSettings
    sessions: Sessions
    attempts: AttemptCounts
    web_app: WebApp
    backends: Backends
    dashboards: DashboardFiles
    inbox: Upstream


Console = Annotated[ConsoleState, provided(ConsoleState)]
