"""May this person watch that task or import? The service that owns it knows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from multidict import CIMultiDict

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks import TaskStatus, TaskSummary
from magacin.core.errors import DependencyUnavailable, Forbidden, NotFound
from magacin.gateway.metrics import Upstream
from magacin.gateway.upstream import Service


class WatchRights:
    """Asks the services on behalf of a socket's owner."""

    def __init__(self, services: Mapping[Upstream, Service]) -> None:
        self._services = services

    async def require(self, identity: Identity, kind: str, id_: int) -> None:
        """Raise unless the task or import exists and this person may see it."""
        if kind == "import_id":
            identity.require(Role.SUPERVISOR)
            await self._get(identity, Upstream.IMPORTS, f"/api/imports/{id_}")
            return
        content = await self._get(identity, Upstream.TASKS, f"/api/tasks/{id_}")
        task = TaskSummary.model_validate_json(content)
        involved = task.status is TaskStatus.OPEN or identity.username in task.workers
        if not involved and not identity.role.includes(Role.SUPERVISOR):
            raise Forbidden("This task is somebody else's.", details={"task_id": id_})

    async def _get(self, identity: Identity, upstream: Upstream, path: str) -> bytes:
        headers = CIMultiDict(identity.headers())
        headers["X-Request-ID"] = uuid.uuid4().hex
        service = self._services[upstream]
        with service.exchange() as exchange:
            response = await service.send("GET", path, headers, None)
            async with response:
                content = await response.read()
            exchange.answered(response.status)
        if response.status in (403, 404):
            raise NotFound("There is no such thing to watch.", details={"path": path})
        if response.status != 200:
            raise DependencyUnavailable(upstream, reason=f"answered {response.status}")
        return content
