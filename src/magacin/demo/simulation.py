"""Sets the demo up, and lets it run for some hours."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import SystemRandom

import aiohttp
import structlog

from magacin.contracts.identity import Role
from magacin.demo.activity import Activity
from magacin.demo.client import Person, Refused, open_session
from magacin.demo.orders import SAMPLE_NAME, Budget, FollowUps, OrderFile, Ware, sample, sample_wares
from magacin.demo.pace import Pace
from magacin.demo.screen import Screen
from magacin.demo.settings import DemoSettings
from magacin.demo.users import VISITOR, DemoUser, ensure_demo_users, read_demo_users
from magacin.demo.visitor import welcome
from magacin.demo.warehouse import Warehouse
from magacin.demo.working import Worker

log = structlog.get_logger(__name__)

_REQUISITIONS_A_FILE = 6
# The sample has twice as many articles. Two of three lines are of these, all of the first orders among them.
_PLACED = 600
_BARCODED = 200
_FIRST_ORDER_SECONDS = 20.0
_NEXT_ORDER_SECONDS = 240.0
_SUMMARY_SECONDS = 60.0
_STOP_SECONDS = 0.7
_RESTART_SECONDS = 5.0
_REFUSED_SECONDS = 60.0


class Demo:
    """Everybody in the demo, and what they share."""

    def __init__(self, settings: DemoSettings, session: aiohttp.ClientSession, activity: Activity) -> None:
        self._settings = settings
        self._session = session
        self._activity = activity
        # Operation ids come from it: they must not repeat after a restart.
        self._random = SystemRandom()
        self._wanted = asyncio.Event()
        self._over = asyncio.Event()
        self._budget = Budget(settings.demo_requisitions_per_hour)
        self._follow_ups = FollowUps(self._random)
        self._wares: list[Ware] = []
        self._barcoded: set[str] = set()
        self._workers: list[Worker] = []
        self._screens: list[Screen] = []

    async def run(self) -> None:
        """Prepare, then work until the hours are over, then rest until stopped."""
        path = self._settings.demo_users_path
        self._activity.waits("waits for the gateway")
        await self._wait_for_gateway()
        self._activity.waits("brings in its people and their orders")
        known = {user.username for user in await asyncio.to_thread(read_demo_users, path)}
        users = await asyncio.to_thread(ensure_demo_users, path)
        strangers = [u for u in users if u.username not in known or not await self._can_log_in(u)]
        if strangers:
            # Only then: the admin may have another password by now.
            await self._create(strangers)
        supervisor = self._person(next(user for user in users if user.role is Role.SUPERVISOR))
        warehouse, wares = Warehouse(supervisor), sample_wares()
        self._wares = wares[:_BARCODED]
        # A task's lines get their places as it is made, so the bins come before the orders.
        await warehouse.fill(wares[:_PLACED])
        self._barcoded = await warehouse.give_barcodes(self._wares)
        await self._import_sample(supervisor)
        if self._settings.demo_badge_file is not None:
            await welcome(supervisor, self._settings.demo_badge_file)
        self._activity.works()
        await self._simulate([user for user in users if user.username != VISITOR], supervisor)
        log.info("demo_over", hours=self._settings.demo_hours, **self._totals())
        await asyncio.Event().wait()  # to end would look like a crash to whoever keeps us running

    def _person(self, user: DemoUser) -> Person:
        return Person(self._session, self._settings.base_url, user.username, user.password, self._random)

    async def _wait_for_gateway(self) -> None:
        while True:
            try:
                async with self._session.get(f"{self._settings.base_url}/health") as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # said below, once a second
            log.info("waiting_for_gateway", url=self._settings.base_url)
            await asyncio.sleep(1)

    async def _create(self, users: list[DemoUser]) -> None:
        name, password = self._settings.admin_username, self._settings.admin_password.get_secret_value()
        admin = Person(self._session, self._settings.base_url, name, password, self._random)
        existing = {user["username"]: user for user in await admin.get("/api/users")}
        for user in users:
            if user.username not in existing:
                await _must(admin, "POST", "/api/users", user.model_dump(mode="json"))
                log.info("demo_user_created", username=user.username, role=user.role.value)
            else:
                # The file was lost or is of another stack: these are the demo's people, so it may.
                change = {"password": user.password, "role": user.role.value, "active": True}
                await _must(admin, "PATCH", f"/api/users/{user.username}", change)
                log.info("demo_user_reset", username=user.username)

    async def _can_log_in(self, user: DemoUser) -> bool:
        try:
            await self._person(user).token()
        except Refused:
            return False
        return True

    async def _import_sample(self, supervisor: Person) -> None:
        jobs = await supervisor.get("/api/imports", limit=500)
        if any(job["filename"] == SAMPLE_NAME and job["status"] == "succeeded" for job in jobs["items"]):
            return
        await self._upload(supervisor, sample())

    async def _upload(self, supervisor: Person, file: OrderFile) -> None:
        """Upload a file and wait until it is imported."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("release", "true")
            data.add_field("file", file.content, filename=file.name, content_type=file.content_type)
            return data

        answer = await supervisor.send("POST", "/api/imports", form=form)
        if not answer.ok:
            log.warning("upload_refused", file=file.name, status=answer.status, error=answer.code)
            return
        job = answer.body
        while job["finished_at"] is None:
            await asyncio.sleep(0.5)
            job = await supervisor.get(f"/api/imports/{job['job_id']}")
        log.info("orders_imported", file=file.name, status=job["status"], **job["counts"])

    async def _simulate(self, users: list[DemoUser], supervisor: Person) -> None:
        pace = Pace(self._settings.demo_scans_per_second, self._random)
        jobs = [self._order_more(supervisor), self._summarise()]
        for user in users:
            person = self._person(user)
            screen = Screen(person, self._random, self._over)
            self._screens.append(screen)
            if user.role is Role.WORKER:
                worker = Worker(
                    person,
                    screen,
                    pace,
                    self._random,
                    barcoded=self._barcoded,
                    ask_for_orders=self._wanted.set,
                )
                self._workers.append(worker)
                jobs.append(worker.run())
            else:
                jobs.append(self._look_at_the_board(person))
        async with asyncio.TaskGroup() as watching:
            for screen in self._screens:
                watching.create_task(screen.run())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.demo_hours * 3600), asyncio.TaskGroup() as working:
                    for job in jobs:
                        working.create_task(job)
            self._activity.rests()
            self._over.set()

    async def _order_more(self, supervisor: Person) -> None:
        pause = _FIRST_ORDER_SECONDS
        while True:
            # Also when there is enough to do: imports are part of what is to be seen.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            pause = _NEXT_ORDER_SECONDS
            count = self._budget.take(_REQUISITIONS_A_FILE, time.monotonic())
            if count and self._wares:
                await self._upload(supervisor, self._follow_ups.make(self._wares, count))
            self._wanted.clear()
            await asyncio.sleep(1)

    async def _look_at_the_board(self, person: Person) -> None:
        while True:
            await person.get("/api/board")
            await asyncio.sleep(self._random.uniform(5, 15))

    async def _summarise(self) -> None:
        while True:
            await asyncio.sleep(_SUMMARY_SECONDS)
            log.info("demo_progress", **self._totals())

    def _totals(self) -> dict[str, int]:
        done: Counter[str] = sum((worker.done for worker in self._workers), Counter())
        events = sum(screen.events.total() for screen in self._screens)
        return {**done, "events_seen": events}


async def _must(admin: Person, method: str, path: str, body: Mapping[str, object]) -> None:
    answer = await admin.send(method, path, json=body)
    if not answer.ok:
        raise Refused(f"{method} {path} was answered {answer.status} {answer.code}")


@asynccontextmanager
async def simulating(settings: DemoSettings, activity: Activity) -> AsyncIterator[None]:
    """Run the demo, anew after a mishap, as long as the context lasts."""
    task = asyncio.create_task(_simulate(settings, activity))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=_STOP_SECONDS)
        if settings.demo_badge_file is not None:
            settings.demo_badge_file.unlink(missing_ok=True)
        log.info("demo_stopped")


async def _simulate(settings: DemoSettings, activity: Activity) -> None:
    while True:
        try:
            async with open_session(activity.heard) as session:
                await Demo(settings, session, activity).run()
        except Exception as problem:
            # Who is refused must not come back so often that the real admin is kept out, too.
            pause = _REFUSED_SECONDS if isinstance(problem, Refused) else _RESTART_SECONDS
            activity.waits(f"was interrupted: {problem}")
            log.exception("demo_interrupted", again_in_seconds=pause)
            await asyncio.sleep(pause)
