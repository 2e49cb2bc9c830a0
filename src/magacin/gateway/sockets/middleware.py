"""Socket.IO in front of the application, whose requests are not the application's to measure."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.core.service import state_of
from magacin.gateway.sockets.sockets import PATH
from magacin.gateway.state import GatewayState


class SocketsFirst:
    """Takes what is below `/socket.io/` out of the way, and lets everything else through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(f"{PATH}/"):
            await state_of(scope, GatewayState).sockets.server.serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)
