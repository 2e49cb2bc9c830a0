"""A receiver of notifications does not answer."""

from __future__ import annotations

import re
import socket

from magacin.drills.drill import ROUTES, Delay, Drill, Proof
from magacin.stack.parts import LOOPBACK

_RECEIVER = re.compile(r"(- name: heartbeat\s+webhook_configs:\s+- url: ).*")


class HeartbeatUnreachable(Drill):
    """The address that the heartbeats go to stops answering; mail and Slack go on."""

    proves = (
        Proof(
            alert="NotificationsFailing",
            severity="critical",
            service="alertmanager",
            signal='increase(alertmanager_notifications_failed_total{integration="webhook"}[15m]) > 0',
            # The group's turn; then Alertmanager tries for 10 s at least, which no setting shortens.
            moves=Delay(real=60 + 30 + 15, fixed=10),
            # The window, and the last attempt that was under way when it was over.
            clears=Delay(real=900, fixed=10),
        ),
    )
    holds = frozenset({ROUTES})
    first = 60

    async def cause(self) -> None:
        """Give Alertmanager an address at which nobody listens."""
        await self.scope.edit("heartbeats go nowhere", _to_nobody, "alertmanager")


def _to_nobody(files: dict[str, str]) -> dict[str, str]:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        port = unused.getsockname()[1]
    text, count = _RECEIVER.subn(rf"\g<1>'http://{LOOPBACK}:{port}/'", files["alertmanager.yml"])
    if count != 1:
        raise ValueError("alertmanager.yml has no receiver heartbeat with a webhook")
    return {**files, "alertmanager.yml": text}
