"""An event loop beside the main one, for requests whose work grows with what they bring or get.

To read, check, store and answer ten thousand lines takes a tenth of a second of one piece after another, and
on the main loop each piece is how long everything else waits. Two threads share one interpreter, which lets
the other one in every millisecond here: a request waits for it at each of its steps.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Self, TypeVar

from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

T = TypeVar("T")

_SWITCH_SECONDS = 0.001


class LoopAside:
    """An event loop in a thread of its own, while it is entered."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns there; it is cancelled when this is."""
        return await _run(work, self._loop)

    async def __aenter__(self) -> Self:
        """Start the thread."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel what still runs there, and end the thread."""
        await self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()


class Aside(NamedTuple):
    """A loop aside, and the state that requests are handed there: what it opened belongs to that loop."""

    loop: LoopAside
    state: object


class AsideRoute(APIRoute):
    """A route whose requests are handled aside, where the service has a loop for that.

    All of it happens there: reading JSON, checking it, the handler, and making the response.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI defines it."""
        aside: Aside | None = scope["state"].get("aside")
        if aside is None:
            await super().handle(scope, receive, send)
            return
        main = asyncio.get_running_loop()
        scope["state"]["service"] = aside.state

        async def receive_there() -> Message:
            return await _run(_message(receive), main)

        begun: list[Message] = []

        async def send_there(message: Message) -> None:
            begun.append(message)
            # To come over costs as much as a query: the head of an answer waits for its body.
            if message["type"] != "http.response.start":
                sent, begun[:] = [*begun], []
                await _run(_sent(send, sent), main)

        await aside.loop.run(super().handle(scope, receive_there, send_there))


async def _run(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


# What ASGI gives are awaitables; another loop takes coroutines only.
async def _message(receive: Receive) -> Message:
    return await receive()


async def _sent(send: Send, messages: Sequence[Message]) -> None:
    for message in messages:
        await send(message)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
