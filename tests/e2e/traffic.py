"""People at work while a test breaks something: every answer that they get is kept."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from magacin.stack import clients
from tests.e2e.conftest import Api, Crew, RunningStack, eventually

SCAN, LOGIN, READ, IMPORT = "scan", "login", "read", "import"
_ORDERS = b"order,sku,qty\n" + b"".join(b"%%s-%d,A,1\n" % number for number in range(500))


@dataclass(frozen=True)
class Answer:
    """What came back: the status (0 where the connection broke), the kind of content, and the content."""

    to: str
    status: int
    media: str
    text: str

    @property
    def is_refusal(self) -> bool:
        """Whether it says in the error form that this cannot be had now."""
        if self.status not in (502, 503, 504) or self.media != "application/json":
            return False
        error = json.loads(self.text)["error"]
        return bool(error["code"] and error["message"])


@dataclass
class Traffic:
    """Two scanners, each at a line of its own, somebody who logs in and reads, and somebody who imports."""

    stack: RunningStack
    session: aiohttp.ClientSession
    crew: Crew
    acknowledged: dict[str, list[str]] = field(default_factory=lambda: {"A": [], "B": []})
    answers: list[Answer] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def seen(self, what: Callable[[Answer], bool], *, seconds: float = 120) -> None:
        """Return when an answer like this has come from now on."""
        known = len(self.answers)
        await eventually(lambda: _one(any(map(what, self.answers[known:]))), seconds=seconds)

    async def seen_each(self, whats: Sequence[Callable[[Answer], bool]], *, seconds: float = 120) -> None:
        """Return when an answer like each of these has come from now on."""
        known = len(self.answers)

        def all_came() -> bool:
            return all(any(map(what, self.answers[known:])) for what in whats)

        await eventually(lambda: _one(all_came()), seconds=seconds)

    def wrong(self) -> set[Answer]:
        """Return the answers that nobody should get: not what was asked for, and no refusal in our form."""
        return {a for a in self.answers if a.status not in (0, 200, 202) and not a.is_refusal}

    def broken(self) -> int:
        """Return how many got no answer at all."""
        return sum(answer.status == 0 for answer in self.answers)

    async def ask(self, to: str, api: Api, method: str, path: str, **options: Any) -> int:
        """Ask, and keep the answer."""
        headers = {"Authorization": f"Bearer {api.token}"}
        try:
            async with self.session.request(method, api.url + path, headers=headers, **options) as response:
                answer = Answer(to, response.status, response.content_type, await response.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            answer = Answer(to, 0, "", type(error).__name__)
        self.answers.append(answer)
        return answer.status

    async def scan(self, worker: Api, task_id: int, sku: str) -> None:
        """Scan like a scanner that does not give up: the same operation again until it is answered."""
        while not self._stopping.is_set():
            key = str(uuid.uuid4())
            body = {"task_id": task_id, "code": sku, "operation_id": key}
            while True:
                if await self.ask(SCAN, worker, "POST", "/api/scan", json=body) == 200:
                    break
                await asyncio.sleep(0.05)
            self.acknowledged[sku].append(key)

    async def look_around(self) -> None:
        """Log in and read, again and again."""
        login = {"username": "admin", "password": self.stack.secret("admin-password")}
        while not self._stopping.is_set():
            await self.ask(LOGIN, self.crew.admin, "POST", "/api/auth/login", json=login)
            await self.ask(READ, self.crew.admin, "GET", "/api/tasks")
            await asyncio.sleep(0.5)

    async def import_orders(self) -> None:
        """Upload a file of new orders, again and again."""
        while not self._stopping.is_set():
            form = aiohttp.FormData()
            content = _ORDERS.replace(b"%s", uuid.uuid4().hex.encode())
            form.add_field("file", content, filename="orders.csv")
            await self.ask(IMPORT, self.crew.admin, "POST", "/api/imports", data=form)
            await asyncio.sleep(0.5)

    async def picked(self, task_id: int) -> dict[str, int]:
        """Return how many pieces of each article the task has."""
        status, task = await self.crew.admin("GET", f"/api/tasks/{task_id}")
        assert status == 200, task
        return {line["sku"]: line["picked"] for line in task["lines"]}

    def stop(self) -> None:
        """Have everybody end what they are at, and do no more."""
        self._stopping.set()


@asynccontextmanager
async def traffic(stack: RunningStack) -> AsyncIterator[Traffic]:
    """Have people at work meanwhile. In the end everything they were told was done has to be there."""
    async with clients.http_session(total=30, site=stack.site) as session:
        anonymous = Api(session, stack.url("api-gateway"))
        admin = await anonymous.as_user("admin", stack.secret("admin-password"))
        going = Traffic(stack, session, Crew(admin))
        names = await going.crew.hire(2)
        task_id = await going.crew.task(names, A=100_000, B=100_000)
        workers = [going.crew.workers[name] for name in names]
        async with asyncio.TaskGroup() as group:
            for worker, sku in zip(workers, going.acknowledged, strict=True):
                group.create_task(going.scan(worker, task_id, sku))
            group.create_task(going.look_around())
            group.create_task(going.import_orders())
            try:
                await going.seen(lambda answer: answer.to == SCAN and answer.status == 200)
                yield going
            finally:
                going.stop()
        counted = {sku: len(keys) for sku, keys in going.acknowledged.items()}
        assert await going.picked(task_id) == counted
        assert not going.wrong()


async def _one(value: bool) -> bool:
    return value
