"""What goes wrong between the console and what it asks."""

from __future__ import annotations

from typing import ClassVar

from magacin.core.errors import AppError, NotFound, Unprocessable


class WrongPassword(AppError):
    """The password is not the operator's."""

    status, code = 401, "wrong_password"


class UpstreamUnavailable(AppError):
    """Something that the console asks does not answer."""

    status = 503
    title: ClassVar[str]

    def __init__(self, reason: str, *, hangs: bool = False) -> None:
        # A page does not ask again at once what it has waited for in vain.
        super().__init__(f"{self.title} {reason}.", details={"hangs": True} if hangs else None)
        self.headers = {"Retry-After": "2"}


class PrometheusUnavailable(UpstreamUnavailable):
    """Prometheus does not answer."""

    code, title = "prometheus_unavailable", "Prometheus"


class AlertmanagerUnavailable(UpstreamUnavailable):
    """Alertmanager does not answer."""

    code, title = "alertmanager_unavailable", "Alertmanager"


class InboxUnavailable(UpstreamUnavailable):
    """The inbox does not answer."""

    code, title = "inbox_unavailable", "The inbox"


class QueryTimeout(AppError):
    """Prometheus worked on a query for too long."""

    status, code = 504, "query_timeout"


class AnswerTooLarge(Unprocessable):
    """An answer is larger than the console hands on."""

    code = "answer_too_large"


class UnknownDashboard(NotFound):
    """There is no dashboard of that uid."""

    code = "unknown_dashboard"


class BrokenDashboard(Unprocessable):
    """A dashboard's file cannot be read as one."""

    code = "broken_dashboard"


class UnknownRunbook(NotFound):
    """There is no runbook of that name."""

    code = "unknown_runbook"


class NoInbox(NotFound):
    """This stack has no inbox."""

    code = "no_inbox"
