"""May this person watch that task or import? The service that owns it knows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from multidict import CIMultiDict

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity
from magacin.contracts.imports import GET_IMPORT
from magacin.contracts.tasks.pick_tasks import GET_TASK
from magacin.core.errors import DependencyUnavailable, Forbidden, NotFound
from magacin.gateway.forwarding.upstream import Service
from magacin.gateway.metrics import Upstream


class WatchRights:
    """Asks the services on behalf of a socket's owner."""

    def __init__(self, services: Mapping[Upstream, Service]) -> None:
        self._services = services

    async def require(self, identity: Identity, kind: str, id_: int) -> None:
        """Raise unless the task or import exists and this person may see it."""
        if kind == "import_id":
            await self._look(identity, Upstream.IMPORTS, GET_IMPORT, job_id=id_)
        else:
            await self._look(identity, Upstream.TASKS, GET_TASK, task_id=id_)

    async def _look(self, identity: Identity, upstream: Upstream, endpoint: Endpoint, **ids: int) -> None:
        if endpoint.role is not None:
            identity.require(endpoint.role)
        path = endpoint.template.format(**ids)
        headers = CIMultiDict(identity.headers())
        headers["X-Request-ID"] = uuid.uuid4().hex
        service = self._services[upstream]
        with service.exchange() as exchange:
            response = await service.send(endpoint.method, path, headers, None)
            async with response:
                await response.read()
            exchange.answered(response.status)
        if response.status == 403:
            raise Forbidden("This is somebody else's.", details={"path": path})
        if response.status == 404:
            raise NotFound("There is no such thing to watch.", details={"path": path})
        if response.status != 200:
            raise DependencyUnavailable(upstream, reason=f"answered {response.status}")
