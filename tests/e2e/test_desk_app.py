"""What supervisors do at the desk: a real browser before the real stack."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from magacin.stack.paths import ROOT
from tests.e2e.browser import DESKTOP, PHONE, opened
from tests.e2e.conftest import Crew, RunningStack, eventually
from tests.e2e.test_accessibility import STANDARDS, broken_rules, looked_at
from tests.e2e.test_worker_app import hire, put_to_work, two_wrong_codes
from tests.e2e.test_worker_app_at_random import ledger

pytestmark = pytest.mark.e2e

PAGES = (
    "",
    "orders",
    "imports",
    "shortages",
    "refusals",
    "reports",
    "articles",
    "articles/import",
    "locations",
    "locations/import",
    "teams",
    "screens",
    "prints",
    "people",
    "people/admin",
    "webhooks",
    "keys",
    "audit",
)


async def log_in(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")


@asynccontextmanager
async def at_the_desk(
    browser: Browser,
    stack: RunningStack,
    crew: Crew,
    size: tuple[int, int] = DESKTOP,
    scheme: str = "light",
    role: str = "supervisor",
) -> AsyncIterator[Page]:
    """Give the board, before somebody who has just logged in."""
    name, password = await hire(crew, role)
    async with opened(browser, stack.url("api-gateway"), None, size, scheme) as page:
        await page.goto("/desk/")
        await log_in(page, name, password)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Board")
        yield page


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew) as page:
        yield page


async def go(page: Page, path: str) -> None:
    """Go to another page as a link would."""
    await page.evaluate("path => history.pushState(null, '', path)", f"/desk/{path}")


async def open_tasks(crew: Crew, count: int, mark: str) -> list[int]:
    """Make tasks that nobody has, all to one place."""
    made = []
    for number in range(count):
        lines = [{"sku": f"SKU-{mark}", "quantity": 2}]
        body = {"number": f"{mark}-{number}", "destination": f"To {mark}", "lines": lines}
        status, requisition = await crew.admin("POST", "/api/requisitions", body)
        assert status == 201, requisition
        made.append(requisition["requisition_id"])
    status, tasks = await crew.admin("POST", "/api/tasks", {"requisition_ids": made})
    assert status == 201, tasks
    return [task["task_id"] for task in tasks]


def rows(page: Page) -> Locator:
    return page.locator("[data-task]")


def row(page: Page, task_id: int) -> Locator:
    return page.locator(f"[data-task='{task_id}']")


class TestLogin:
    async def test_the_front_page_leads_here_afterwards(self, page: Page) -> None:
        await page.goto("/")
        assert urlsplit(page.url).path == "/desk/"
        await expect(page.get_by_role("heading", level=1)).to_have_text("Board")
        await page.get_by_role("button", name="theme, language, log out").click()
        await page.get_by_role("menuitemradio", name="Српски").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Табла")
        await page.get_by_role("button", name="изглед, језик, одјава").click()
        await page.get_by_role("menuitem", name="Одјави се").click()
        await expect(page.get_by_role("button", name="Пријави се")).to_be_visible()

    async def test_workers_are_led_to_their_application(
        self, browser: Browser, stack: RunningStack, crew: Crew
    ) -> None:
        name, password = await hire(crew)
        async with opened(browser, stack.url("api-gateway"), None) as page:
            await page.goto("/desk/imports")
            await log_in(page, name, "not the password")
            await expect(page.get_by_text("Name or password is wrong")).to_be_visible()
            await log_in(page, name, password)
            await expect(page.get_by_role("link", name="Go and pick")).to_be_visible()


class TestBoard:
    async def test_many_tasks_are_given_out_by_keyboard(self, page: Page, crew: Crew) -> None:
        worker, _ = await hire(crew)
        mark = uuid.uuid4().hex[:8]
        await page.get_by_label("Order, destination, worker").fill(mark)
        # They come by themselves.
        tasks = await open_tasks(crew, 3, mark)
        await expect(rows(page)).to_have_count(3)
        grid = page.get_by_role("grid")
        await grid.focus()
        await page.keyboard.press("Control+a")
        await expect(page.get_by_text("3 tasks chosen")).to_be_visible()
        await page.keyboard.press("a")
        dialog = page.get_by_role("dialog", name="Assign 3 tasks")
        await dialog.get_by_label("Find by name").fill(worker)
        await dialog.get_by_role("checkbox").first.check()
        await dialog.get_by_role("button", name="Assign", exact=True).click()
        await expect(page.get_by_text("3 tasks assigned")).to_be_visible()
        for task_id in tasks:
            await expect(row(page, task_id)).to_contain_text("Assigned")
            await expect(row(page, task_id)).to_contain_text(worker)

        await grid.focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("End")
        await page.keyboard.press("p")
        await page.get_by_label("Priority", exact=True).fill("7")
        await page.keyboard.press("Enter")
        # The urgent one goes to the top.
        await expect(rows(page).first).to_have_attribute("data-task", str(tasks[-1]))
        _, task = await crew.admin("GET", f"/api/tasks/{tasks[-1]}")
        assert (task["priority"], task["workers"]) == (7, [worker])

    async def test_scans_are_seen_as_they_are_made(self, page: Page, crew: Crew) -> None:
        work = await put_to_work(crew)
        await page.get_by_label("Order, destination, worker").fill(work.worker)
        await expect(row(page, work.task_id)).to_contain_text("0 of 5")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        member = await crew.admin.as_user(work.worker, work.password)
        scan = {"task_id": work.task_id, "code": work.first, "operation_id": str(uuid.uuid4())}
        assert (await member("POST", "/api/scan", scan))[0] in (200, 201)
        await expect(row(page, work.task_id)).to_contain_text("1 of 5")
        await expect(row(page, work.task_id)).to_contain_text("In work")
        await page.get_by_role("link", name=f"{(await work.task())['number']}").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Task of")
        line = page.get_by_role("row").filter(has_text=work.first)
        await expect(line.get_by_role("cell").nth(3)).to_have_text("1")

    async def test_two_supervisors_at_one_task_are_told_of_each_other(self, page: Page, crew: Crew) -> None:
        worker, _ = await hire(crew)
        mark = uuid.uuid4().hex[:8]
        changed, closed = await open_tasks(crew, 2, mark)
        await page.get_by_label("Order, destination, worker").fill(mark)
        await expect(rows(page)).to_have_count(2)
        for task_id in (changed, closed):
            await row(page, task_id).locator("[role=gridcell]").first.click()
        await page.get_by_role("button", name="Set the priority").click()
        dialog = page.get_by_role("dialog")
        status, _ = await crew.admin("POST", f"/api/tasks/{changed}/assign", {"workers": [worker]})
        assert status == 200
        await expect(dialog.get_by_role("status")).to_contain_text("was changed since you chose it")
        await expect(dialog.get_by_role("row").filter(has_text=f"{mark}-0")).to_contain_text(worker)

        assert (await crew.admin("POST", f"/api/tasks/{closed}/cancel"))[0] == 200
        await expect(dialog.get_by_role("status")).to_contain_text("2 of these tasks were changed")
        await dialog.get_by_label("Priority", exact=True).fill("3")
        await page.keyboard.press("Enter")
        conflict = dialog.get_by_role("alert").get_by_role("row")
        for text in ("Priority: 3", "Cancelled"):
            await expect(conflict.filter(has_text=f"{mark}-1")).to_contain_text(text)
        # Nothing of a colleague's is replaced unseen; what is closed cannot be changed at all.
        for text in ("Open · nobody", "Priority: 3", f"Assigned · {worker}", "by admin"):
            await expect(conflict.filter(has_text=f"{mark}-0")).to_contain_text(text)
        _, task = await crew.admin("GET", f"/api/tasks/{changed}")
        assert task["priority"] == 0
        await dialog.get_by_role("button", name="Do it nevertheless to 1 task").click()
        await expect(dialog).to_have_count(0)
        _, task = await crew.admin("GET", f"/api/tasks/{changed}")
        assert (task["priority"], task["workers"]) == (3, [worker])

    async def test_a_task_is_due_held_and_split_by_keyboard(self, page: Page, crew: Crew) -> None:
        workers = [(await hire(crew))[0] for _ in range(2)]
        mark = uuid.uuid4().hex[:8]
        [task_id] = await open_tasks(crew, 1, mark)
        await page.get_by_label("Order, destination, worker").fill(mark)
        await expect(rows(page)).to_have_count(1)
        grid = page.get_by_role("grid")
        await grid.focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("d")
        await page.get_by_label("Due at").fill("2031-03-04T05:06")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("1 task has its new due time")).to_be_visible()
        _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
        assert task["due_at"].startswith("2031-03-0")

        await grid.focus()
        await page.keyboard.press("h")
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Hold", exact=True)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(row(page, task_id)).to_contain_text("Open · held")
        await grid.focus()
        await page.keyboard.press("s")
        for name in workers:
            await dialog.get_by_role("checkbox", name=name).check()
        await dialog.get_by_role("button", name="Split", exact=True).click()
        # Each has one of the two pieces.
        await expect(rows(page)).to_have_count(2)
        for name in workers:
            await expect(rows(page).filter(has_text=name)).to_contain_text("0 of 1")
        await expect(rows(page).filter(has_text="held")).to_have_count(2)


class TestImports:
    async def test_a_file_is_looked_at_imported_and_released(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        await open_tasks(crew, 1, mark)
        header = "order,sku,quantity,destination\n"
        content = f"{header}{mark}-0,SKU-{mark},9,To {mark}\n{mark}-N,SKU-{mark},4,Novi Sad\n"
        content += f"{mark}-B,SKU-{mark},none,Store\n"
        file = {"name": f"{mark}.csv", "mimeType": "text/csv", "buffer": content.encode()}
        await page.get_by_role("link", name="Imports").click()
        await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a payload
        card = page.get_by_role("region", name=f"What {mark}.csv would come to")
        await expect(card.get_by_role("heading", name="1 refused row")).to_be_visible()
        await expect(card.get_by_role("row").filter(has_text=f"{mark}-0").first).to_contain_text("2 → 9")
        await card.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"{mark}.csv")
        await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download the refused rows").click()
        path = await (await downloading.value).path()
        assert f"{mark}-B" in path.read_text(encoding="utf-8-sig")

        await page.get_by_role("link", name="Orders").click()
        wanted = page.get_by_role("checkbox", name=f"Choose {mark}-N")
        more = page.get_by_role("button", name="Show more", exact=True)
        # Other tests leave orders here as well, and they come a hundred at a time.
        await expect(wanted.or_(more)).not_to_have_count(0)
        while await wanted.count() == 0:
            shown = await page.get_by_role("checkbox").count()
            await more.click()
            await expect(page.get_by_role("checkbox")).not_to_have_count(shown)
        await wanted.check()
        await page.get_by_role("button", name="Make 1 task").click()
        await expect(page.get_by_text("1 task was made")).to_be_visible()

        async def released() -> bool:
            _, tasks = await crew.admin("GET", "/api/tasks?status=open&limit=500")
            return any(task["number"] == f"{mark}-N" for task in tasks["items"])

        await eventually(released)


class TestShortages:
    async def test_an_empty_shelf_is_seen_and_planned_anew(self, page: Page, crew: Crew) -> None:
        worker, _ = await hire(crew)
        mark = uuid.uuid4().hex[:8]
        for task_id in await open_tasks(crew, 2, mark):
            _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
            line_id = task["lines"][0]["line_id"]
            short = {"line_id": line_id, "quantity": 2, "reason": "not_found"}
            await crew.admin("POST", f"/api/tasks/{task_id}/assign", {"workers": [worker]})
            body = short | {"operation_id": str(uuid.uuid4())}
            assert (await crew.admin("POST", f"/api/tasks/{task_id}/shortages", body))[0] == 201
        await page.get_by_role("link", name="Shortages").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Shortages")
        await page.get_by_label("Article", exact=True).fill(f"SKU-{mark}")
        await page.get_by_role("button", name="Filter").click()
        table = page.get_by_role("table")
        await expect(table.get_by_role("row")).to_have_count(3)
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="CSV").click()
        path = await (await downloading.value).path()
        assert path.read_text(encoding="utf-8-sig").count(f"SKU-{mark}") == 2

        await page.get_by_role("checkbox", name="Choose all that are still short").check()
        await page.get_by_role("button", name="Plan anew").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_label(f"SKU-{mark}")).to_have_count(2)
        await dialog.get_by_label(f"SKU-{mark}").first.fill("1")
        await dialog.get_by_role("checkbox", name=worker).check()
        await dialog.get_by_role("button", name="Plan anew").click()
        await expect(dialog).to_have_count(0)
        # One piece is left of one of them, and nothing of the other.
        await expect(table.get_by_role("checkbox")).to_have_count(2)
        _, tasks = await crew.admin("GET", "/api/tasks?status=assigned&limit=500")
        mine = [(task["required"], task["workers"]) for task in tasks["items"] if mark in task["number"]]
        assert sorted(mine) == [(1, [worker]), (2, [worker])]


class TestAudit:
    async def test_a_change_is_found_with_both_sides(
        self, browser: Browser, stack: RunningStack, crew: Crew
    ) -> None:
        [task_id] = await open_tasks(crew, 1, uuid.uuid4().hex[:8])
        assert (await crew.admin("PATCH", f"/api/tasks/{task_id}", {"priority": 7}))[0] == 200
        async with at_the_desk(browser, stack, crew, role="admin") as page:
            await page.get_by_role("link", name="Audit").click()
            await expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
            await page.get_by_label("Changes of").select_option("task")
            # By keyboard alone.
            await page.get_by_label("Of which one").focus()
            await page.keyboard.type(str(task_id))
            await page.keyboard.press("Enter")
            entries = page.locator("[data-entry]")
            await expect(entries).to_have_count(2)
            changed = entries.first
            await expect(changed).to_contain_text("Task changed")
            await expect(changed).to_contain_text("127.0.0.1")
            sides = changed.get_by_role("table").get_by_role("row").filter(has_text="priority")
            await expect(sides.get_by_role("cell")).to_have_text(["0", "7"])
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name="CSV").click()
            path = await (await downloading.value).path()
            found = path.read_text(encoding="utf-8-sig")
            assert found.count("task.") == 2
            await changed.get_by_role("link", name=str(task_id)).click()
            await expect(page).to_have_url(f"{stack.url('api-gateway')}/desk/tasks/{task_id}")

    async def test_it_is_for_administrators(self, page: Page) -> None:
        await expect(page.get_by_role("link", name="Refused")).to_be_visible()
        await expect(page.get_by_role("link", name="Audit")).to_have_count(0)
        await go(page, "audit")
        await expect(page.get_by_text("Your role does not allow that.")).to_be_visible()


class TestRefusals:
    async def test_a_wrong_barcode_is_found_and_corrected(self, page: Page, crew: Crew) -> None:
        work, wrong = await two_wrong_codes(crew)
        await page.get_by_role("link", name="Refused").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Refused scans")
        await page.get_by_label("Worker", exact=True).select_option(work.worker)
        table = page.get_by_role("table")
        await expect(table.get_by_role("row")).to_have_count(3)
        await table.get_by_role("button", name=wrong).click()
        await expect(table.get_by_role("row")).to_have_count(2)
        await expect(table).to_contain_text("Unknown code")
        await table.get_by_role("button", name="Attach to an article").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("SKU of the article").fill("no-such-article")
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("There is no article")
        await dialog.get_by_label("SKU of the article").fill(work.first)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(f"From now on the code means {work.first}")).to_be_visible()
        _, article = await crew.admin("GET", f"/api/articles/{work.first}")
        assert wrong in article["barcodes"]


class TestRetention:
    async def test_it_says_which_scans_are_not_kept(
        self, page: Page, stack: RunningStack, crew: Crew
    ) -> None:
        young, old = await open_tasks(crew, 2, uuid.uuid4().hex[:8])
        for task_id in (young, old):
            await _close(crew, task_id)
        told = "is not kept any more"
        async with ledger(stack) as connection:
            aged = "UPDATE tasks.pick_tasks SET completed_at = '2020-01-05Z' WHERE id = $1"
            await connection.execute(aged, old)
            removed = "INSERT INTO tasks.scan_retention VALUES (true, '2020-06-01 12:00Z', '2020-06-01', 0)"
            await connection.execute(removed)
            try:
                await page.goto(f"/desk/tasks/{old}")
                await expect(page.get_by_text("Scans from before Jun 1, 2020 are not kept")).to_be_visible()
                await page.goto("/desk/refusals?from=2020-05-01")
                await expect(page.get_by_text(f"What was refused before Jun 1, 2020 {told}")).to_be_visible()
                # Nothing of what is asked for is as old.
                await page.get_by_label("From the day").fill("2020-07-01")
                await page.get_by_role("button", name="Filter").click()
                await expect(page.get_by_text(told)).to_have_count(0)
                async with page.expect_response(f"**/api/tasks/{young}/scans*"):
                    await page.goto(f"/desk/tasks/{young}")
                await expect(page.get_by_role("heading", name="Shortages")).to_be_visible()
                await expect(page.get_by_text("Scans from before")).to_have_count(0)
            finally:
                await connection.execute("DELETE FROM tasks.scan_retention")


@pytest.mark.parametrize("language", ["en", "sr-Latn", "sr-Cyrl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_rule_of_accessibility_is_broken(
    browser: Browser, stack: RunningStack, crew: Crew, scheme: str, language: str
) -> None:
    mark = uuid.uuid4().hex[:8]
    task_id, done = await open_tasks(crew, 2, mark)
    await _close(crew, done)
    import_id, gone = await _hold_back(crew, mark), await _deactivate(crew)
    hook = {"name": mark, "url": "http://127.0.0.1:9/", "events": ["requisition.closed"]}
    status, webhook = await crew.admin("POST", "/api/webhooks", hook)
    assert status == 201, webhook
    await crew.admin("POST", f"/api/webhooks/{webhook['webhook_id']}/test")
    await crew.admin("POST", "/api/keys", {"name": mark, "scopes": ["articles:read"]})
    rules = STANDARDS if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
    wrong: list[str] = []
    name, password = await hire(crew, "admin")
    try:
        async with looked_at(browser, stack.url("api-gateway"), DESKTOP, scheme) as page:
            await page.goto("/desk/")
            await expect(page.get_by_label("Name", exact=True)).to_be_visible()
            wrong += await broken_rules(page, rules)
            await log_in(page, name, password)
            if language == "en":
                wrong += await _of_dialogs(page, mark, task_id, rules)
            await expect(page.get_by_role("heading", level=1)).to_have_text("Board")
            await page.evaluate("said => localStorage.setItem('magacin-language', said)", language)
            await page.reload()
            for path in (
                *PAGES,
                f"article?sku=SKU-{mark}",
                f"tasks/{task_id}",
                f"tasks/{done}",
                f"webhooks/{webhook['webhook_id']}",
                "nowhere",
            ):
                await go(page, path)
                await expect(page.get_by_role("main")).to_be_visible()
                await expect(page.get_by_role("main").locator("[class*=Loader]")).to_have_count(0)
                wrong += await broken_rules(page, rules)
            assert await page.evaluate("document.documentElement.lang") == language
            wrong += await _of_decisions(page, language, import_id, gone, rules)
    finally:
        await crew.admin("DELETE", f"/api/webhooks/{webhook['webhook_id']}")
    assert not wrong, "\n".join(wrong)


async def _close(crew: Crew, task_id: int) -> None:
    """Have a task done: nothing of it is found."""
    worker, _ = await hire(crew)
    await crew.admin("POST", f"/api/tasks/{task_id}/assign", {"workers": [worker]})
    _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
    short = {"line_id": task["lines"][0]["line_id"], "quantity": 2, "reason": "not_found"}
    body = short | {"operation_id": str(uuid.uuid4())}
    assert (await crew.admin("POST", f"/api/tasks/{task_id}/shortages", body))[0] == 201
    _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
    assert task["status"] == "completed", task


async def _hold_back(crew: Crew, mark: str) -> int:
    """Import orders that wait for somebody: two with another content, one with a row that was refused."""
    rows = (
        "order,sku,quantity",
        f"{mark}-0,SKU-{mark},9",
        f"{mark}-1,SKU-{mark},9",
        f"{mark}-H,SKU-{mark},4",
    )
    form = aiohttp.FormData()
    form.add_field("file", "\n".join((*rows, f"{mark}-H,B-{mark},four")), filename=f"{mark}.csv")
    status, job = await crew.admin("POST", "/api/imports", data=form)
    assert status == 202, job

    async def waiting() -> bool:
        _, now = await crew.admin("GET", f"/api/imports/{job['job_id']}")
        return bool(now["held_waiting"] == 3)

    await eventually(waiting)
    return int(job["job_id"])


async def _deactivate(crew: Crew) -> str:
    """Return the name of somebody who may be erased."""
    name, _ = await hire(crew)
    status, answer = await crew.admin("PATCH", f"/api/users/{name}", {"active": False})
    assert status == 200, answer
    return name


async def _of_decisions(page: Page, language: str, import_id: int, gone: str, rules: object) -> list[str]:
    """Look at the orders that wait for a decision, and at the questions before what is not taken back."""
    words = json.loads((ROOT / "web" / "apps" / "desk" / "i18n" / f"{language}.json").read_text("utf-8"))
    await go(page, "imports")
    await expect(page.get_by_role("region", name=words["held"]["title"])).to_be_visible()
    wrong = await broken_rules(page, rules)
    await go(page, f"imports/{import_id}")
    held = page.get_by_role("region", name=words["held"]["title"])
    await expect(held.get_by_role("row")).to_have_count(4)
    incomplete = held.get_by_role("row").filter(has_text="-H")
    await incomplete.get_by_text(words["held"]["content"]).click()
    await expect(held.get_by_text(words["held"]["wrong"])).to_be_visible()
    await held.get_by_role("checkbox").first.check()
    wrong += await broken_rules(page, rules)
    await held.get_by_role("button").nth(1).click()
    wrong += await _of_dialog(page, rules)
    await go(page, f"people/{gone}")
    await page.get_by_role("button", name=words["people"]["erase"], exact=True).click()
    await page.get_by_role("dialog").get_by_role("textbox").fill(gone)
    return wrong + await _of_dialog(page, rules)


async def _of_dialog(page: Page, rules: object) -> list[str]:
    await expect(page.get_by_role("dialog")).to_be_visible()
    wrong = await broken_rules(page, rules)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    return wrong


async def _of_dialogs(page: Page, mark: str, task_id: int, rules: object) -> list[str]:
    wrong: list[str] = []
    # Of many tasks only those in sight are on the page.
    await page.get_by_label("Order, destination, worker").fill(mark)
    await row(page, task_id).locator("[role=gridcell]").first.click()
    for dialog in (None, "Assign", "Set the due time", "Hold", "Split", "Cancel"):
        if dialog:
            await page.get_by_role("button", name=dialog, exact=True).click()
        wrong += await (_of_dialog(page, rules) if dialog else broken_rules(page, rules))
    return wrong


async def test_pages_fit_on_a_phone(browser: Browser, stack: RunningStack, crew: Crew) -> None:
    await open_tasks(crew, 2, uuid.uuid4().hex[:8])
    async with at_the_desk(browser, stack, crew, PHONE, role="admin") as page:
        for path in PAGES:
            await go(page, path)
            await expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE[0], path
            # Not all places have room in the bar: the one where somebody is comes into sight.
            here = page.get_by_role("navigation").locator("[aria-current=page]")
            await expect(here).to_be_in_viewport(ratio=1)
