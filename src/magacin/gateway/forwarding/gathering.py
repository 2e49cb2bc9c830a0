"""Scans that come while others are on their way go on together, and each gets its own answer.

A scan that comes alone is forwarded as any other request. With more than a few on their way, those that come
meanwhile wait for one of them to be answered, which is what the service makes them do anyway: it commits
them together. What a request costs at both ends is paid once for all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson

from magacin.contracts.identity import Identity
from magacin.contracts.tasks.scans import MOST_GATHERED
from magacin.core.endpoint import JSON
from magacin.core.errors import AppError, DependencyUnavailable
from magacin.gateway.forwarding.hop import Hop
from magacin.gateway.forwarding.upstream import Service

MOST_BYTES = 8 * 1024
"""Of a body. A scan has some hundred bytes; what is larger goes alone, and nobody waits for it."""

# One is being recorded while the next one is read and checked.
_MOST_FLIGHTS = 2


class Answered(NamedTuple):
    """What a scan was answered, as ASGI has it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Flight:
    """A request on its way. While it is entered, others wait for it."""

    __slots__ = ("_all", "_landed", "since")

    def __init__(self, all_: dict[Flight, None], landed: Any) -> None:
        self._all = all_
        self._landed = landed
        self.since = time.monotonic()

    def __enter__(self) -> Self:
        """It is on its way."""
        return self

    def __exit__(self, *_: object) -> None:
        """It is answered, or given up."""
        self._all.pop(self, None)
        self._landed()


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: dict[str, str]
    answer: asyncio.Future[Answered | Flight | None]


class Gathering:
    """Sends scans on to the Task Service, together where several wait."""

    def __init__(self, service: Service, hop: Hop) -> None:
        self.hangs_seconds = 1.0
        """What is on its way for longer hangs, and others do not wait for it."""
        self._service = service
        self._hop = hop
        self._waiting: deque[_Waiting] = deque()
        self._flights: dict[Flight, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._departs = False

    async def send(self, identity: Identity, request_id: str, body: bytes) -> Answered | Flight | None:
        """Return what a scan was answered; raise an `AppError` when there is no answer.

        A `Flight` says that it is to be sent alone, and the flight entered meanwhile; None, that it is to be
        sent alone because the service takes none together.
        """
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return None
        request = {"user": identity.username, "role": identity.role.value, "request_id": request_id}
        request["body"] = text
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._depart_soon()
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            _give_back(waiting.answer)
            raise

    def look_for_hanging(self) -> None:
        """Let those that wait go when what they wait for hangs: to be called now and then."""
        if self._waiting:
            self._depart()

    async def close(self) -> None:
        """Give up what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _depart_soon(self) -> None:
        # After what else came with this turn of the event loop, so that the first does not go alone.
        if not self._departs:
            self._departs = True
            asyncio.get_running_loop().call_soon(self._depart)

    def _depart(self) -> None:
        self._departs = False
        while self._waiting and self._is_free():
            batch = self._next_batch()
            if not batch:
                return
            flight = Flight(self._flights, self._depart_soon)
            self._flights[flight] = None
            if len(batch) == 1:
                batch[0].answer.set_result(flight)
                continue
            task = asyncio.create_task(self._fly(flight, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_free(self) -> bool:
        if len(self._flights) < _MOST_FLIGHTS:
            return True
        long_ago = time.monotonic() - self.hangs_seconds
        return sum(flight.since > long_ago for flight in self._flights) < _MOST_FLIGHTS

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < MOST_GATHERED:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():  # a client that went away has cancelled its own
                batch.append(waiting)
        return batch

    async def _fly(self, flight: Flight, batch: Sequence[_Waiting]) -> None:
        with flight:
            try:
                answers = await self._exchange([waiting.request for waiting in batch])
            except AppError as error:
                _refuse(batch, error)
            except BaseException:
                _refuse(batch, DependencyUnavailable(self._service.name, reason="could not be asked"))
                raise
            else:
                for waiting, answer in zip(batch, answers, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(answer)

    async def _exchange(self, requests: list[dict[str, str]]) -> Sequence[Answered | None]:
        with self._service.exchange(requests=len(requests), repeatable=True) as exchange:
            status, content = await self._hop.ask(orjson.dumps({"scans": requests}))
            if status == 401:
                raise DependencyUnavailable(
                    self._service.name, reason="does not accept the gateway's service token"
                )
            if status == DependencyUnavailable.status:
                exchange.answered(status)
                raise DependencyUnavailable(self._service.name, reason="could not do this now")
            if status != 200:
                # One of before knows no such request. Each is counted when it is sent alone.
                exchange.answered_each({})
                return [None] * len(requests)
            answers = [_answered(one) for one in orjson.loads(content)["answers"]]
            exchange.answered_each(Counter(answer.status for answer in answers))
        return answers


def _give_back(answer: asyncio.Future[Answered | Flight | None]) -> None:
    """End the flight of a client that went away when it had just been given one."""
    if answer.done() and not answer.cancelled() and isinstance(flight := answer.result(), Flight):
        with flight:
            pass


def _refuse(batch: Sequence[_Waiting], error: AppError) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _answered(one: dict[str, Any]) -> Answered:
    body = one["body"].encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", JSON.encode())]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in one["headers"].items()]
    return Answered(one["status"], headers, body)
