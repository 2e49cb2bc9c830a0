"""What workers do with the application: a real browser before the real stack, and a network that fails."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, Route, expect

from magacin.cli._common import Progress
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.e2e.conftest import Api, Crew, RunningStack, eventually
from tests.e2e.fake_camera import Printed, arguments, film
from tests.e2e.network import Forward, Network, answer_lost, login_page
from tests.e2e.phone import Phone, kept_phone, phone, phone_in
from tests.e2e.test_accessibility import STANDARDS, broken_rules

pytestmark = pytest.mark.e2e

GS = "\x1d"
# The track is the real one of Chromium's camera, which has no light; it says that it has.
_WITH_TORCH = """
const found = MediaStreamTrack.prototype.getCapabilities;
MediaStreamTrack.prototype.getCapabilities = function () {
  return { ...found.call(this), torch: true };
};
"""
# Notes for each frame that the application waits for whether an answer was on the page when it began to.
_NOTE_FRAMES = """
(() => {
  const { requestAnimationFrame } = window;
  window.answeredAtFrames = [];
  window.requestAnimationFrame = (...what) => {
    answeredAtFrames.push(document.querySelector("[data-kind]") !== null);
    return requestAnimationFrame(...what);
  };
})()
"""
# Fills the storage of an origin, down to the last bytes.
_FILL = """
async () => {
  const asked = indexedDB.open("photos");
  asked.onupgradeneeded = () => asked.result.createObjectStore("photos", { autoIncrement: true });
  await new Promise((resolve) => { asked.onsuccess = resolve });
  const put = (photo) => new Promise((resolve) => {
    const change = asked.result.transaction("photos", "readwrite");
    change.objectStore("photos").put(photo);
    change.oncomplete = () => resolve(true);
    change.onabort = () => resolve(false);
  });
  for (const size of [60_000, 5_000, 300]) {
    const photo = crypto.getRandomValues(new Uint8Array(size));
    while (await put(photo));
  }
}
"""


@dataclass
class Work:
    """A worker with a task, and the articles in it."""

    crew: Crew
    worker: str
    password: str
    task_id: int
    # Two of the one, three of the other; a GTIN of the first.
    first: str
    second: str
    gtin: str

    async def task(self) -> dict[str, Any]:
        status, task = await self.crew.admin("GET", f"/api/tasks/{self.task_id}")
        assert status == 200, task
        return dict(task)

    async def counts(self, picked: int, short: int = 0) -> None:
        """Wait until the server has counted just that."""

        async def so() -> bool:
            task = await self.task()
            return bool((task["picked"], task["short"]) == (picked, short))

        await eventually(so)


def checked(digits: str) -> str:
    """Return digits with GS1's check digit behind them."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def gtin() -> str:
    """Return an EAN-13 that nobody has."""
    return checked(f"{uuid.uuid4().int % 10**12:012d}")


def upc_a() -> str:
    """Return a UPC-A that nobody has."""
    return checked(f"{uuid.uuid4().int % 10**11:011d}")


def upc_e() -> tuple[str, str]:
    """Return a UPC-E that nobody has, and the UPC-A that it is short for."""
    # With a 5 at its end the digit before is no 0: such a number is shortened in another way (GS1 General
    # Specifications, 5.2.2.4.2).
    digits = f"{uuid.uuid4().int % 10**4:04d}{1 + uuid.uuid4().int % 9}"
    long = checked(f"0{digits}00005")
    return f"0{digits}5{long[-1]}", long


async def barcode(admin: Api, sku: str, code: str, pieces: int = 1) -> None:
    body = {"code": code, "pieces": pieces}
    status, answer = await admin("POST", f"/api/articles/{sku}/barcodes", body)
    assert status in (200, 201), answer


async def hire(crew: Crew, role: str = "worker") -> tuple[str, str]:
    name, password = f"{role[0]}{uuid.uuid4().hex[:10]}", uuid.uuid4().hex
    status, user = await crew.admin(
        "POST", "/api/users", {"username": name, "role": role, "password": password}
    )
    assert status == 201, user
    return name, password


async def put_to_work(crew: Crew) -> Work:
    worker, password = await hire(crew)
    first, second, code = f"A-{uuid.uuid4().hex[:6]}", f"B-{uuid.uuid4().hex[:6]}", gtin()
    task_id = await crew.task([worker], **{first: 2, second: 3})
    await barcode(crew.admin, first, code)
    return Work(crew, worker, password, task_id, first, second, code)


async def two_wrong_codes(crew: Crew) -> tuple[Work, str]:
    """Have a worker scan two codes that nothing has; return the work, and the first of them."""
    work = await put_to_work(crew)
    member = await crew.admin.as_user(work.worker, work.password)
    wrong = f"NO-{uuid.uuid4().hex[:10]}"
    for code in (wrong, f"NO-{uuid.uuid4().hex[:10]}"):
        scan = {"task_id": work.task_id, "code": code, "operation_id": str(uuid.uuid4())}
        assert (await member("POST", "/api/scan", scan))[0] == 409
    return work, wrong


@pytest.fixture
async def work(crew: Crew) -> Work:
    return await put_to_work(crew)


@pytest.fixture
async def network(stack: RunningStack) -> AsyncIterator[Network]:
    async with Network(stack.url("api-gateway")).running() as network:
        yield network


@pytest.fixture
async def app(browser: Browser, network: Network) -> AsyncIterator[Phone]:
    """A phone with the application open, on which nobody is logged in."""
    async with phone(browser, network.url) as app:
        await app.open()
        yield app


async def begin(app: Phone, work: Work) -> None:
    """Have the worker stand at the first line of the task."""
    await app.log_in(work.worker, work.password)
    await app.start(work.task_id)


@pytest.fixture
async def picking(app: Phone, work: Work) -> Phone:
    """A phone whose worker stands at the first line of the task."""
    await begin(app, work)
    return app


@pytest.fixture
async def timed(app: Phone, work: Work) -> Phone:
    """The same on a phone whose clock the test can move on."""
    await app.own_clock()
    await app.open()
    times = "Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp').get.toString()"
    assert "native code" in await app.page.evaluate(times)
    await begin(app, work)
    return app


# Asked within one call: the page's policy lets none of Playwright's own questions be put again and again.
_TYPED_AND_SENT = """
(field, code) => {
  field.value = code;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  field.form.requestSubmit();
}
"""
_KEYS_ARE_KEPT = """
async () => {
  while (!("keysUntilNow" in window)) await new Promise((again) => setTimeout(again));
}
"""


@asynccontextmanager
async def calls(app: Phone, said: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Count how often the function is called that says this; what is given tells it since the last time."""
    await app.cdp.send("Profiler.enable")
    await app.cdp.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": False})
    sources: dict[str, str] = {}

    async def called() -> int:
        found = (await app.cdp.send("Profiler.takePreciseCoverage"))["result"]
        [script] = [one for one in found if "/assets/index-" in one["url"]]
        url = script["url"]
        if url not in sources:
            sources[url] = await app.page.evaluate("url => fetch(url).then(sent => sent.text())", url)
        ranges = [function["ranges"][0] for function in script["functions"]]
        saying = [one for one in ranges if said in sources[url][one["startOffset"] : one["endOffset"]]]
        return int(min(saying, key=lambda one: one["endOffset"] - one["startOffset"])["count"])

    try:
        yield called
    finally:
        await app.cdp.send("Profiler.disable")


class TestLoggingIn:
    async def test_what_is_wrong_is_said(self, app: Phone, work: Work) -> None:
        form = app.page.locator("form")
        await form.get_by_label("Name", exact=True).fill(work.worker)
        await form.get_by_label("Password").fill("not this one")
        await app.page.keyboard.press("Enter")
        await expect(app.page.get_by_role("alert")).to_contain_text("Name and secret do not belong together")

    async def test_by_pin_and_by_badge_on_an_enrolled_device(
        self, app: Phone, crew: Crew, work: Work
    ) -> None:
        supervisor, password = await hire(crew, "supervisor")
        boss = await crew.admin.as_user(supervisor, password)
        assert (await boss("PUT", f"/api/users/{work.worker}/pin", {"pin": "271828"}))[0] < 300
        status, badge = await boss("POST", f"/api/users/{work.worker}/badge")
        assert status < 300, badge

        await app.log_in(supervisor, password)
        await app.page.get_by_role("link", name="Enrol this device").click()
        await app.page.get_by_label("Name, as it is written").fill("Phone 7")
        await app.page.get_by_role("button", name="Enrol this device").click()
        await expect(app.page.get_by_text("Enrolled: PIN and badge work here")).to_be_visible()

        # It changes hands by a badge, and by a PIN that is tapped.
        await app.open("people")
        await app.type_as_scanner(badge["code"])
        await expect(app.page.get_by_role("heading", name=f"Mine ({work.worker})")).to_be_visible()
        await app.page.get_by_role("link", name="Hand over").click()
        await app.page.get_by_role("button", name=supervisor).click()
        await expect(app.page.get_by_role("heading", name=f"Mine ({supervisor})")).to_be_visible()
        await app.page.get_by_role("link", name="Hand over").click()
        form = app.page.locator("form")
        await form.get_by_label("Name", exact=True).fill(work.worker)
        for digit in "271828":
            await form.get_by_role("button", name=digit, exact=True).click()
        await form.get_by_role("button", name="Log in").click()
        await expect(app.page.get_by_role("heading", name=f"Mine ({work.worker})")).to_be_visible()

    async def test_a_badge_that_is_scanned_in_a_task_hands_it_over(
        self, app: Phone, crew: Crew, work: Work
    ) -> None:
        other, _ = await hire(crew)
        status, device = await crew.admin("POST", "/api/devices", {"name": f"Shared {other}"})
        assert status == 201, device
        status, badge = await crew.admin("POST", f"/api/users/{other}/badge")
        assert status < 300, badge
        # The link of the device, opened where the application is open already.
        await app.page.goto(f"/app/#device={device['device_id']}.{device['secret']}")
        await expect(app.page.get_by_text("Scan your badge, or log in below")).to_be_visible()
        assert "device=" not in app.page.url
        await app.log_in(work.worker, work.password)
        await app.start(work.task_id)
        await app.type_as_scanner(badge["code"])
        await expect(app.page.get_by_role("heading", name=f"Mine ({other})")).to_be_visible()
        # It is a secret, and no code of an article.
        assert badge["code"] not in await app.page.content()
        # Back again on the list, where no screen waits for a code.
        status, mine = await crew.admin("POST", f"/api/users/{work.worker}/badge")
        assert status < 300, mine
        await app.type_as_scanner(mine["code"])
        await expect(app.page.get_by_role("heading", name=f"Mine ({work.worker})")).to_be_visible()


class TestPicking:
    async def test_a_whole_task_by_the_scanner(self, picking: Phone, work: Work) -> None:
        # Whatever has the focus: the scanner's Enter is not a person's.
        await picking.page.get_by_role("button", name="Skip").focus()
        await picking.scans(work.gtin, "picked")
        await expect(picking.page.get_by_text("line skipped")).to_have_count(0)
        await picking.page.get_by_role("button", name="Undo").focus()
        await picking.scans(work.gtin, "line_complete", suffix="CR LF")
        await picking.scans(work.second, "picked", suffix="Tab")
        await picking.scans(work.second, "picked", suffix="")
        await picking.scans(work.second, "task_complete")
        await expect(picking.page.get_by_text("Task complete").first).to_be_visible()
        await work.counts(5)
        assert (await work.task())["status"] == "completed"

    async def test_where_no_task_is_open_a_scan_counts_not_and_presses_nothing(
        self, picking: Phone, work: Work
    ) -> None:
        await picking.scans(work.gtin, "picked")
        await picking.go("done")
        # Whatever has the focus: the scanner's Enter would take back what was picked.
        await picking.page.get_by_role("button", name="Undo").focus()
        await picking.type_as_scanner(work.second)
        await expect(picking.page.get_by_text("Nothing was counted: no task is open here")).to_be_visible()
        await expect(picking.page.get_by_role("button", name="Undo")).to_be_visible()
        await picking.go("settings")
        await expect(picking.page.get_by_text("Nothing was counted")).to_have_count(0)
        await picking.sent()
        await work.counts(1)

    @pytest.mark.parametrize("gs", ["character", "ctrl"])
    async def test_labels_of_gs1_keep_their_separator(self, picking: Phone, work: Work, gs: str) -> None:
        # The count in it is two: read as one text, lot and count would be another lot.
        await picking.scans(f"]d201{work.gtin:>014}10LOT{GS}372", "line_complete", gs=gs)
        await work.counts(2)

    async def test_a_text_without_keys_is_a_scan(self, picking: Phone, work: Work) -> None:
        # As scanners do that type through an input method.
        await picking.cdp.send("Input.insertText", {"text": work.gtin + "\n"})
        await expect(picking.answer).to_have_attribute("data-kind", "picked")
        await work.counts(1)

    async def test_a_page_that_is_busy_hears_all_of_a_code(self, picking: Phone, work: Work) -> None:
        # It stands still after the first key, for longer than there is between two keys of a scanner.
        await picking.page.evaluate("""
            addEventListener("keydown", () => {
                const end = performance.now() + 250;
                while (performance.now() < end);
            }, { once: true })
        """)
        await picking.scans(work.gtin, "picked", suffix="")
        await work.counts(1)

    async def test_what_is_scanned_while_the_page_opens_counts(
        self, browser: Browser, network: Network, work: Work
    ) -> None:
        # Without a service worker the page comes by the network, where it can be held up.
        async with phone(browser, network.url, service_workers="block") as app:
            await app.open()
            await begin(app, work)
            scanned = asyncio.Event()

            async def hold(route: Route) -> None:
                await scanned.wait()
                await route.continue_()

            await app.page.route("**/assets/index-*.js", hold)
            await app.page.reload(wait_until="commit")
            await app.page.evaluate(_KEYS_ARE_KEPT)
            await app.press_keys(work.first)
            scanned.set()
            await expect(app.answer).to_have_attribute("data-kind", "picked")
            await work.counts(picked=1)

    async def test_a_person_who_types_is_no_scanner(self, picking: Phone, work: Work) -> None:
        await picking.page.get_by_role("link", name="Type").click()
        await picking.page.get_by_label("Code", exact=False).first.fill(work.second)
        await picking.page.keyboard.press("Enter")
        await expect(picking.answer).to_have_attribute("data-kind", "picked")
        await work.counts(1)

    async def test_what_is_typed_and_sent_at_once_is_sent_whole(self, picking: Phone, work: Work) -> None:
        """As a page hears of it that was busy meanwhile: before it could draw what was typed."""
        await picking.page.get_by_role("link", name="Type").click()
        await picking.page.get_by_label("Code", exact=False).first.evaluate(_TYPED_AND_SENT, work.second)
        await expect(picking.answer).to_have_attribute("data-kind", "picked")
        await work.counts(1)

    async def test_undo_and_what_is_missing(self, picking: Phone, work: Work) -> None:
        await picking.scans(work.gtin, "picked")
        await picking.page.get_by_role("button", name="Undo").click()
        await expect(picking.answer).to_have_attribute("data-kind", "undone")
        await work.counts(0)
        for reason, quantity in (("Damaged", 1), ("Not found", 1)):
            await picking.page.get_by_role("link", name="Short").click()
            await picking.page.get_by_role("radio", name=reason).check(force=True)
            if await picking.page.get_by_label("How many are missing?").input_value() != str(quantity):
                await picking.page.get_by_role("button", name="One less").click()
            await picking.page.get_by_label("Note").fill(f"{reason}, said at the gate")
            await picking.page.get_by_role("button", name=f"Report {quantity} as missing").click()
            await expect(picking.answer).to_have_attribute("data-kind", "short")
        await work.counts(0, 2)
        status, shortages = await work.crew.admin("GET", f"/api/tasks/{work.task_id}")
        assert status == 200, shortages
        await picking.page.get_by_role("link", name="Finish the task").click()
        await expect(picking.page.get_by_text("1 line is not picked yet")).to_be_visible()
        await expect(picking.page.get_by_role("heading", name="Missing on 1 line")).to_be_visible()
        await picking.page.get_by_role("radio", name="Too few there").check(force=True)
        await picking.page.get_by_role("button", name="Report 1 line and finish").click()
        await expect(picking.page.get_by_text("Task complete").first).to_be_visible()
        await work.counts(0, 5)

    async def test_a_scan_draws_its_own_line_alone(self, app: Phone, crew: Crew, work: Work) -> None:
        skus = [f"L-{uuid.uuid4().hex[:6]}" for _ in range(12)]
        task_id = await crew.task([work.worker], **dict.fromkeys(skus, 3))
        # All lines are beside the next one.
        await app.page.set_viewport_size({"width": 1280, "height": 800})
        await app.log_in(work.worker, work.password)
        await app.start(task_id)
        await expect(app.page.get_by_role("region", name="All lines").get_by_role("listitem")).to_have_count(
            12
        )
        async with calls(app, "lines.current") as called:
            await app.scans(skus[4], "picked")
            assert await called() == 1
            # The next scan is of a line that was never drawn anew.
            await app.scans(skus[7], "picked")
            assert await called() == 1

    async def test_an_answer_is_in_the_next_frame(self, picking: Phone, work: Work) -> None:
        await picking.page.evaluate(_NOTE_FRAMES)
        await picking.scans(work.first, "picked")
        await picking.page.wait_for_function("answeredAtFrames.length > 0")
        assert all(await picking.page.evaluate("answeredAtFrames"))

    async def test_a_task_is_taken_from_the_pool(self, app: Phone, crew: Crew, work: Work) -> None:
        task_id = await crew.task([], **{work.first: 1})
        status, task = await crew.admin("GET", f"/api/tasks/{task_id}")
        assert status == 200
        await app.log_in(work.worker, work.password)
        await app.page.get_by_role("button", name=f"Take this task {task['number']}").click()
        await expect(app.page.get_by_text("Scan the article")).to_be_visible()
        await app.scans(work.first, "task_complete")

    async def test_each_refusal_has_words_of_its_own(self, picking: Phone, work: Work) -> None:
        other = f"C-{uuid.uuid4().hex[:6]}"
        status, made = await work.crew.admin("PUT", f"/api/articles/{other}", {"description": "Other"})
        assert status < 300, made
        await barcode(work.crew.admin, other, gtin())
        case = gtin()
        await barcode(work.crew.admin, work.first, case, pieces=12)
        await picking.page.goto("/app/")
        await picking.page.get_by_role("button", name="Read the tasks again").click()
        await expect(picking.page.get_by_role("button", name="Read the tasks again")).to_be_enabled()
        await picking.start(work.task_id)
        # The device holds the codes of its tasks, and no others.
        await picking.scans("NO-SUCH-CODE", "not_in_task")
        await expect(picking.answer).to_contain_text(
            "NO-SUCH-CODE is not asked for. Not counted: put it back"
        )
        await picking.scans(other, "not_in_task")
        await picking.scans(case, "more_than_required")
        await expect(picking.answer).to_contain_text("Too many")
        await work.counts(0)

        async def all_are_kept() -> bool:
            status, page = await work.crew.admin("GET", "/api/refusals?limit=100")
            assert status == 200, page
            mine = [one for one in page["items"] if one.get("task_id") == work.task_id]
            return len(mine) >= 2

        await eventually(all_are_kept)

    async def test_two_workers_on_one_task(
        self, browser: Browser, picking: Phone, network: Network, crew: Crew, work: Work
    ) -> None:
        colleague, password = await hire(crew)
        workers = {"workers": [work.worker, colleague]}
        assert (await crew.admin("POST", f"/api/tasks/{work.task_id}/assign", workers))[0] == 200
        async with phone(browser, network.url) as other:
            await other.open()
            await other.log_in(colleague, password)
            await other.start(work.task_id)
            await picking.scans(work.second, "picked")
            # Seen as it happens, and judged by it.
            await expect(other.page.get_by_text("1 of 5 pieces")).to_be_visible()
            network.go()
            await picking.scans(work.second, "picked")
            await other.scans(work.second, "picked")
            await other.scans(work.second, "line_complete")
            await picking.holds(1)
            await other.holds(2)
            network.come()
            await work.counts(3)
            # One piece is too many, and whose it was is told so.
            noticed = "thing did not count as shown"
            for one in (picking, other):
                await one.page.goto("/app/")
                await one.sent()
            both = [await one.page.get_by_text(noticed).count() for one in (picking, other)]
            assert sum(both) == 1
            unlucky = (picking, other)[both.index(1)]
            await unlucky.page.get_by_role("link", name="See what happened").click()
            await expect(unlucky.page.get_by_text("A colleague picked it meanwhile")).to_be_visible()
            await unlucky.page.get_by_role("button", name="I have seen it").click()
            await expect(unlucky.page.get_by_text("all that you did counts")).to_be_visible()


class TestCamera:
    async def test_it_reads_codes_that_are_turned_and_out_of_focus(
        self, browser: Browser, network: Network, crew: Crew, tmp_path: Path
    ) -> None:
        worker, password = await hire(crew)
        names = [f"{kind}-{uuid.uuid4().hex[:6]}".upper() for kind in ("EAN", "GS1", "C128")]
        task_id = await crew.task([worker], **dict(zip(names, (1, 2, 1), strict=True)))
        ean, gs1 = gtin(), gtin()
        await barcode(crew.admin, names[0], ean)
        await barcode(crew.admin, names[1], gs1)
        codes = [
            Printed(ean, "EAN13", degrees=14, scale=5, blur=1),
            Printed(f"(01){gs1:>014}(10)L7(37)2", "DataMatrix", "gs1", degrees=33, scale=14, blur=2),
            Printed(names[2], "Code128", degrees=-9, scale=4, blur=1),
        ]
        video = tmp_path / "codes.mjpeg"
        await film(browser, codes, video)
        async with kept_phone(tmp_path / "profile", network.url, *arguments(video)) as app:
            await app.open()
            await app.log_in(worker, password)
            await app.start(task_id)
            await app.page.get_by_role("link", name="Camera").click()
            await expect(app.page.get_by_text("Task complete").first).to_be_visible()
            # Its camera has none.
            await expect(app.page.get_by_role("button", name="Light")).to_have_count(0)
            await app.sent()
        status, task = await crew.admin("GET", f"/api/tasks/{task_id}")
        assert (status, task["picked"]) == (200, 4)

    async def test_it_reads_each_kind_and_counts_a_code_once_while_it_stays_in_sight(
        self, browser: Browser, network: Network, crew: Crew, tmp_path: Path
    ) -> None:
        worker, password = await hire(crew)
        kinds = ("UPCA", "UPCE", "ITF", "QR")
        skus = [f"{kind}-{uuid.uuid4().hex[:6]}".upper() for kind in kinds]
        task_id = await crew.task([worker], **dict(zip(skus, (1, 1, 12, 3), strict=True)))
        upc, (short, long), case, linked = upc_a(), upc_e(), gtin(), gtin()
        case = checked(f"1{case[:-1]}")
        for sku, code, pieces in zip(skus, (upc, long, case, linked), (1, 1, 12, 1), strict=True):
            await barcode(crew.admin, sku, code, pieces)
        codes = [
            # So long that it would count twice, were it not seen to be the same.
            Printed(upc, "UPCA", scale=5, seconds=4),
            Printed(short, "UPCE", scale=6),
            Printed(case, "ITF", scale=4),
            Printed(f"https://example.com/01/{linked:>014}/10/L7?37=3", "QRCode", scale=9),
        ]
        video = tmp_path / "codes.mjpeg"
        await film(browser, codes, video)
        async with kept_phone(tmp_path / "profile", network.url, *arguments(video)) as app:
            await app.page.add_init_script(_WITH_TORCH)
            await app.open()
            await app.log_in(worker, password)
            await app.start(task_id)
            await app.page.get_by_role("link", name="Camera").click()
            # Such a camera's has to be refused, and reading goes on.
            light = app.page.get_by_role("button", name="Light")
            await light.click()
            await expect(light).to_have_attribute("aria-pressed", "false")
            await expect(app.page.get_by_text("Task complete").first).to_be_visible()
            await app.sent()
        assert (await crew.admin("GET", f"/api/tasks/{task_id}"))[1]["picked"] == 17
        status, scans = await crew.admin("GET", f"/api/tasks/{task_id}/scans")
        assert status == 200, scans
        # The newest first: it never counted twice in a row.
        order = [one["sku"] for one in scans["items"]]
        assert all(one != next_ for one, next_ in itertools.pairwise(order)), order


class TestOffline:
    async def test_what_is_scanned_offline_outlasts_a_reload_and_counts_once(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        await picking.installed()
        network.go()
        await picking.page.context.set_offline(True)
        await picking.scans(work.gtin, "picked")
        await picking.holds(1)
        await picking.page.reload()
        await picking.scans(work.gtin, "line_complete")
        await picking.holds(2)
        await picking.page.context.set_offline(False)
        network.come()
        await picking.sent()
        await work.counts(2)

    async def test_while_the_gateway_stands_still(
        self, browser: Browser, stack: RunningStack, work: Work
    ) -> None:
        known = Stack(DataDir(stack.data_dir), Progress())
        async with phone(browser, stack.url("api-gateway")) as app:
            await app.open()
            await begin(app, work)
            await app.installed()
            await asyncio.to_thread(known.stop_parts, ["api-gateway"])
            try:
                await app.page.reload()
                await app.scans(work.gtin, "picked")
                await app.scans(work.second, "picked")
                await app.holds(2)
            finally:
                await asyncio.to_thread(known.start_parts, ["api-gateway"])
            await app.sent()
            await work.counts(2)

    async def test_an_answer_that_is_lost_counts_once(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        network.once("/api/scan", answer_lost)
        await picking.scans(work.gtin, "picked")
        await picking.sent()
        await picking.scans(work.gtin, "line_complete")
        await picking.sent()
        await work.counts(2)
        assert network.struck == 1

    async def test_a_browser_that_is_killed_loses_nothing(
        self, network: Network, work: Work, tmp_path: Path
    ) -> None:
        async with kept_phone(tmp_path, network.url) as app:
            await app.open()
            await begin(app, work)
            await app.installed()
            network.go()
            await app.scans(work.gtin, "picked")
            kill_browser(tmp_path)
        async with kept_phone(tmp_path, network.url) as app:
            await app.open(f"task/{work.task_id}")
            await app.holds(1)
            await app.scans(work.gtin, "line_complete")
            network.come()
            await app.sent()
        await work.counts(2)

    async def test_a_login_that_ends_meanwhile(self, timed: Phone, network: Network, work: Work) -> None:
        network.go()
        await timed.scans(work.gtin, "picked")
        # All their logins end by that, and the token that the phone has runs out.
        change = {"password": work.password + "!"}
        assert (await work.crew.admin("PATCH", f"/api/users/{work.worker}", change))[0] == 200
        await timed.page.clock.fast_forward("20:00")
        await timed.scans(work.gtin, "line_complete")
        network.come()
        await timed.page.clock.fast_forward("01:00")
        await timed.page.get_by_role("button", name="Back").click()
        await expect(timed.page.get_by_text("Your login has ended")).to_be_visible()
        await work.counts(0)
        await timed.page.get_by_role("link", name="Log in again").click()
        await timed.log_in(work.worker, work.password + "!")
        await timed.sent()
        await work.counts(2)

    async def test_a_page_of_the_networks_own_is_no_answer(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        network.fault = login_page
        await picking.scans(work.gtin, "picked")
        await picking.holds(1)
        await picking.page.get_by_role("button", name="Back").click()
        await expect(picking.page.get_by_text("Something else answers in the server's place")).to_be_visible()
        network.come()
        await picking.sent()
        await work.counts(1)

    async def test_an_answer_after_a_minute(self, timed: Phone, network: Network, work: Work) -> None:
        arrived, said, minute_is_over = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def late(_request: web.Request, forward: Forward) -> web.StreamResponse:
            # All else waits as well: one answer that came at once would end the sentence unread.
            network.fault = slow
            arrived.set()
            await minute_is_over.wait()
            return await forward()

        async def slow(_request: web.Request, forward: Forward) -> web.StreamResponse:
            await said.wait()
            return await forward()

        network.once("/api/scan", late)
        await timed.scans(work.gtin, "picked")
        await arrived.wait()
        await timed.page.clock.fast_forward(11_000)
        await timed.page.get_by_role("button", name="Back").click()
        await expect(timed.page.get_by_text("The network is very slow")).to_be_visible()
        said.set()
        # The first one comes in after its second copy did.
        await timed.page.clock.fast_forward(49_000)
        await timed.sent()
        minute_is_over.set()
        await work.counts(1)

    async def test_what_the_server_breaks_on_for_ever_holds_nothing_else_up(
        self, timed: Phone, network: Network, work: Work
    ) -> None:
        async def breaks(request: web.Request, forward: Forward) -> web.StreamResponse:
            if request.path in ("/api/scan", "/api/scans") and work.gtin in await request.text():
                error = {"code": "internal_error", "message": "A fault of ours.", "details": {}}
                return web.json_response({"error": error}, status=500)
            return await forward()

        network.fault = breaks
        await timed.scans(work.gtin, "picked")
        await timed.scans(work.second, "picked")
        await timed.page.get_by_role("button", name="Back").click()
        noticed = timed.page.get_by_role("link", name="See what happened")

        async def is_set_aside() -> bool:
            # It waits longer before each time that it tries again.
            await timed.page.clock.fast_forward(31_000)
            return await noticed.count() == 1

        await eventually(is_set_aside)
        await timed.sent()
        await work.counts(1)
        await expect(timed.page.get_by_text("1 of 5 pieces")).to_be_visible()
        await noticed.click()
        await expect(timed.page.get_by_text("The server breaks on this")).to_be_visible()
        network.come()
        await timed.page.get_by_role("button", name="Send again what was set aside").click()
        await work.counts(2)
        await expect(timed.page.get_by_text("all that you did counts")).to_be_visible()

    async def test_a_second_tab_shows_and_counts_the_same(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        second = await phone_in(picking.page.context)
        await second.open(f"task/{work.task_id}")
        network.go()
        await picking.scans(work.gtin, "picked")
        await expect(second.page.get_by_text("1 of 5 pieces")).to_be_visible()
        await second.page.bring_to_front()
        await second.scans(work.gtin, "line_complete")
        await expect(picking.page.get_by_text("2 of 5 pieces")).to_be_visible()
        await picking.holds(2)
        network.come()
        await second.sent()
        await picking.sent()
        await work.counts(2)


class TestStorage:
    async def test_a_full_device_says_that_a_scan_does_not_count(
        self, browser: Browser, network: Network, work: Work
    ) -> None:
        async with phone(browser, network.url) as app:
            # Before anything is kept: the browser asks for the quota once in half a minute.
            quota = {"origin": network.url, "quotaSize": 4_000_000}
            await app.cdp.send("Storage.overrideQuotaForOrigin", quota)
            await app.open()
            await begin(app, work)
            await app.installed()
            network.go()
            await app.scans(work.gtin, "picked")
            await app.page.evaluate(_FILL)
            await app.scans(work.gtin, "not_kept")
            await expect(app.page.get_by_text("The device is full").first).to_be_visible()
            await app.holds(1)
            await app.cdp.send("Storage.overrideQuotaForOrigin", {"origin": network.url})
            await app.scans(work.gtin, "line_complete")
            network.come()
            await app.sent()
            await work.counts(2)

    async def test_what_is_thrown_away_under_an_open_page_is_said_and_does_not_count(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        await picking.installed()
        network.go()
        await picking.scans(work.gtin, "picked")
        thrown = {"origin": network.url, "storageTypes": "indexeddb"}
        await picking.cdp.send("Storage.clearDataForOrigin", thrown)
        said = picking.page.get_by_text("The device deleted what was kept here")
        await expect(said).to_be_visible()
        await work.counts(0)
        network.come()
        # It stays until somebody has seen it, whoever logs in.
        await picking.go()
        await picking.log_in(work.worker, work.password)
        await picking.page.reload()
        await expect(said).to_be_visible()
        await expect(picking.page.get_by_text("0 of 5 pieces")).to_be_visible()
        await picking.page.get_by_role("button", name="I have seen it").click()
        await expect(said).to_have_count(0)
        await picking.start(work.task_id)
        await picking.scans(work.gtin, "picked")
        await work.counts(1)

    async def test_what_is_thrown_away_while_it_is_closed_is_said(
        self, network: Network, work: Work, tmp_path: Path
    ) -> None:
        async with kept_phone(tmp_path, network.url) as app:
            await app.open()
            await begin(app, work)
            network.go()
            await app.scans(work.gtin, "picked")
        network.come()
        shutil.rmtree(tmp_path / "Default" / "IndexedDB")
        async with kept_phone(tmp_path, network.url) as app:
            await app.open()
            await expect(app.page.get_by_text("The device deleted what was kept here")).to_be_visible()
            await app.log_in(work.worker, work.password)
            await expect(app.page.get_by_text("0 of 5 pieces")).to_be_visible()
        await work.counts(0)

    async def test_a_window_that_keeps_nothing(self, browser: Browser, network: Network, work: Work) -> None:
        async with phone(browser, network.url) as app:
            # As in windows in which there is no database.
            await app.page.add_init_script(
                "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('off') } })"
            )
            await app.open()
            await app.log_in(work.worker, work.password)
            await expect(app.page.get_by_text("This browser keeps nothing")).to_be_visible()
            await app.start(work.task_id)
            await app.scans(work.gtin, "picked")
            await work.counts(1)
            # Without a network there is nobody to count it.
            network.go()
            await app.scans(work.gtin, "not_kept")


class TestOthersDecide:
    async def test_a_task_that_is_cancelled_meanwhile(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        network.go()
        await picking.scans(work.gtin, "picked")
        await picking.holds(1)
        assert (await work.crew.admin("POST", f"/api/tasks/{work.task_id}/cancel"))[0] == 200
        network.come()
        await picking.sent()
        await picking.page.goto("/app/")
        await picking.page.get_by_role("link", name="See what happened").click()
        await expect(picking.page.get_by_text("The task was finished or cancelled")).to_be_visible()
        await work.counts(0)

    async def test_a_worker_who_may_no_longer(self, picking: Phone, network: Network, work: Work) -> None:
        supervisor, password = await hire(work.crew, "supervisor")
        network.go()
        await picking.scans(work.gtin, "picked")
        await picking.scans(work.second, "picked")
        await picking.holds(2)
        change = {"active": False}
        assert (await work.crew.admin("PATCH", f"/api/users/{work.worker}", change))[0] == 200
        network.come()
        await picking.page.goto("/app/")
        ended = picking.page.get_by_text("You may not pick any more").or_(
            picking.page.get_by_text("Your login has ended")
        )
        await expect(ended.first).to_be_visible()
        await work.counts(0)
        # A supervisor hands in what the phone holds.
        await picking.page.get_by_role("link", name="Hand over").click()
        await picking.log_in(supervisor, password)
        await picking.page.goto("/app/waiting")
        await picking.page.get_by_role("button", name=f"Hand in 2 records of {work.worker}").click()
        await picking.page.get_by_role("button", name="Hand in 2 records now").click()
        await expect(picking.page.get_by_text("Nothing waits to be sent")).to_be_visible()
        await work.counts(2)


class TestApplication:
    async def test_a_new_version_waits_and_takes_a_full_queue_over(
        self, picking: Phone, network: Network, work: Work
    ) -> None:
        await picking.installed()
        await picking.page.reload()
        network.once("/api/scan", answer_lost)
        network.changed["/app/sw.js"] = lambda body: body + b"\n// newer"
        await picking.page.evaluate("navigator.serviceWorker.ready.then(one => one.update())")
        await picking.page.get_by_role("button", name="Back").click()
        notice = picking.page.get_by_role("button", name="Take it over now")
        await expect(notice).to_be_visible()
        await picking.page.evaluate("document.body.dataset.old = 'yes'")
        network.go()
        await picking.start(work.task_id)
        await picking.scans(work.gtin, "picked")
        await picking.page.get_by_role("button", name="Back").click()
        await notice.click()
        await expect(picking.page.locator("body:not([data-old])")).to_be_attached()
        await picking.holds(1)
        network.come()
        await picking.sent()
        await work.counts(1)

    async def test_another_language(self, picking: Phone, work: Work) -> None:
        await picking.page.goto("/app/settings")
        for language, title in (("Srpski", "Podešavanja"), ("Српски", "Подешавања")):
            await picking.page.get_by_role("radio", name=language).check(force=True)
            await expect(picking.page.get_by_role("heading", level=1)).to_have_text(title)
        await picking.page.goto(f"/app/task/{work.task_id}")
        assert await picking.page.evaluate("document.documentElement.lang") == "sr-Cyrl"
        await picking.scans(work.gtin, "picked")
        await expect(picking.answer).to_contain_text(f"1 × {work.first}")

    async def test_by_the_keyboard_alone(self, app: Phone, work: Work) -> None:
        page = app.page
        await tab_to(page, "Name")
        # At a person's pace: a burst that ends with Tab or Enter is a scanner's.
        await page.keyboard.type(work.worker, delay=100)
        await page.keyboard.press("Tab")
        await page.keyboard.type(work.password, delay=100)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=f"Mine ({work.worker})")).to_be_visible()
        await expect(page.get_by_text("Read from the server at")).to_be_visible()
        await tab_to(page, "pieces")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Scan the article")).to_be_visible()
        await tab_to(page, "Quantity")
        await page.keyboard.press("Enter")
        await tab_to(page, "All that is left: 2")
        await page.keyboard.press("Enter")
        await tab_to(page, "Type")
        await page.keyboard.press("Enter")
        await tab_to(page, f"Count {work.first}")
        await page.keyboard.press("Enter")
        await expect(app.answer).to_have_attribute("data-kind", "line_complete")
        await tab_to(page, "Undo")
        await page.keyboard.press("Enter")
        await expect(app.answer).to_have_attribute("data-kind", "undone")
        await tab_to(page, "Short")
        await page.keyboard.press("Enter")
        await tab_to(page, "Report 2 as missing")
        await page.keyboard.press("Enter")
        await expect(app.answer).to_have_attribute("data-kind", "short")
        await work.counts(0, 2)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_no_rule_of_accessibility_is_broken(
        self, browser: Browser, network: Network, work: Work, scheme: str
    ) -> None:
        supervisor, password = await hire(work.crew, "supervisor")
        # What is there is the same in the dark; its colours are not.
        rules = STANDARDS if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
        wrong: list[str] = []
        # Without the policy, so that the test's own script is let in.
        async with phone(browser, network.url, scheme=scheme, bypass_csp=True) as app:

            async def look(path: str | None = None) -> None:
                nonlocal wrong
                if path is not None:
                    await app.go(path)
                wrong += await broken_rules(app.page, rules)

            await app.open()
            await look()
            await app.log_in(work.worker, work.password)
            task = f"task/{work.task_id}"
            line = (await work.task())["lines"][0]["line_id"]
            for place in ("", task, *(f"{task}/{part}" for part in ("lines", "quantity", "code", "finish"))):
                await look(place)
            await look(f"{task}/short/{line}")
            await look(f"{task}/camera")
            await app.go(task)
            for code in ("NO-SUCH-CODE", work.gtin, work.gtin):
                await app.scan(code)
                await look()
            network.go()
            for _ in range(3):
                await app.scan(work.second)
            await look()
            await app.holds(3)
            for place in (
                "",
                "done",
                "people",
                "waiting",
                "settings",
                "settings/scanner",
                "nowhere",
                "task/0",
            ):
                await look(place)
            assert (await work.crew.admin("POST", f"/api/tasks/{work.task_id}/cancel"))[0] == 200
            network.come()
            await app.sent()
            await app.go("conflicts")
            await expect(app.page.get_by_role("button", name="I have seen it")).to_have_count(3)
            await look()
            await app.go("people")
            await app.log_in(supervisor, password)
            await look("")
            await look("waiting")
        assert not wrong, "\n".join(wrong)


def kill_browser(profile: Path) -> None:
    """End the browser that was started on a profile as a battery does that dies."""
    for process in psutil.process_iter(["cmdline"]):
        if any(str(profile) in argument for argument in process.info["cmdline"] or ()):
            os.kill(process.pid, signal.SIGKILL)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        said = await focused.evaluate(
            "one => one.labels?.[0]?.textContent || one.ariaLabel || one.textContent || ''"
        )
        if name in said:
            return
    raise AssertionError(f"no Tab leads to {name!r}")
