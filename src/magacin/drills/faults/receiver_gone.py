"""A receiver of webhooks takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.undo import ADMINISTRATOR, ask_task_service
from magacin.stack.errors import StackError

# No name below `.invalid` is ever anybody's (RFC 6761).
_NOBODY = "https://receiver.invalid/hooks"


class ReceiverGone(Drill):
    """Another system is gone from its address, and what it is to be told waits."""

    proves = (
        Proof(
            alert="WebhookDeliveriesLate",
            severity="warning",
            service="task-service",
            signal="max(webhook_oldest_waiting_seconds) > 900",
            seconds=frozenset({"900"}),  # an age, which grows while the fault lasts
            moves=Delay(real=900),
        ),
    )
    uses = frozenset({"postgres", "task-service"})
    first = 70

    async def cause(self) -> None:
        """Have something sent to where nobody is."""
        name = self.rig.number(self.name)
        self.scope.remember("webhooks", "remove the webhook to nobody", name=name)
        hook = {"name": name, "url": _NOBODY, "events": ["requisition.closed"]}
        made = await self._ask("/api/webhooks", hook)
        await self._ask(f"/api/webhooks/{made['webhook_id']}/test", {})

    async def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await asyncio.to_thread(
            ask_task_service, self.rig.site, "POST", path, body, by=ADMINISTRATOR
        )
        if answer.status >= 400:
            raise StackError(f"POST {path} was answered {answer.status}.", answer.text[:500])
        return answer.json()
