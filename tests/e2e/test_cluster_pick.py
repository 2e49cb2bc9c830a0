"""One walk for several orders: a supervisor makes the task at the desk, and a worker picks it with a phone.

A real browser for both, before the real stack, and a network that goes and comes.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import DESKTOP
from tests.e2e.conftest import Crew, RunningStack, eventually
from tests.e2e.network import Network
from tests.e2e.phone import Phone, phone
from tests.e2e.test_accessibility import STANDARDS, broken_rules, looked_at
from tests.e2e.test_desk_app import at_the_desk, go, log_in
from tests.e2e.test_worker_app import hire

pytestmark = pytest.mark.e2e


@dataclass
class Orders:
    """Two orders: the first for two of `shared` and one of `other`, the second for one of `shared`."""

    crew: Crew
    mark: str
    ids: list[int]
    numbers: list[str]
    shared: str
    other: str
    totes: tuple[str, str]

    async def make_task(self, worker: str) -> int:
        """Make one task of them, of a worker's."""
        totes = dict(zip(self.ids, self.totes, strict=True))
        body = {"requisition_ids": self.ids, "together": True, "totes": totes, "door": "Door 3"}
        status, tasks = await self.crew.admin("POST", "/api/tasks", body)
        assert status == 201, tasks
        await self.give(int(tasks[0]["task_id"]), worker)
        return int(tasks[0]["task_id"])

    async def give(self, task_id: int, worker: str) -> None:
        status, answer = await self.crew.admin("POST", f"/api/tasks/{task_id}/assign", {"workers": [worker]})
        assert status == 200, answer

    async def picked(self, task_id: int) -> dict[tuple[str, str], int]:
        """Return how much is picked of what into which tote."""
        status, task = await self.crew.admin("GET", f"/api/tasks/{task_id}")
        assert status == 200, task
        return {(line["sku"], line["tote"]): line["picked"] for line in task["lines"]}

    async def are_picked(self, task_id: int, wanted: dict[tuple[str, str], int]) -> None:
        async def so() -> bool:
            return await self.picked(task_id) == wanted

        await eventually(so)


@pytest.fixture
async def orders(crew: Crew) -> Orders:
    mark = uuid.uuid4().hex[:6].upper()
    shared, other, place = f"A-{mark}", f"B-{mark}", f"P-{mark}"
    asked = ({shared: 2, other: 1}, {shared: 1})
    ids, numbers = [], [f"{mark}-0", f"{mark}-1"]
    for number, lines in zip(numbers, asked, strict=True):
        body = {
            "number": number,
            "destination": f"Store {number}",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
        }
        status, requisition = await crew.admin("POST", "/api/requisitions", body)
        assert status == 201, requisition
        ids.append(requisition["requisition_id"])
    status, answer = await crew.admin("PUT", f"/api/locations/{place}", {"zone": "A", "sequence": 1})
    assert status in (200, 201), answer
    for sku in (shared, other):
        status, answer = await crew.admin("PUT", f"/api/articles/{sku}/locations", {"locations": [place]})
        assert status == 200, answer
    return Orders(crew, mark, ids, numbers, shared, other, (f"T-{mark}-1", f"T-{mark}-2"))


@pytest.fixture
async def network(stack: RunningStack) -> AsyncIterator[Network]:
    async with Network(stack.url("api-gateway")).running() as network:
        yield network


async def choose(page: Page, orders: Orders) -> None:
    """Choose the orders at the desk, and ask for one task of them."""
    await go(page, "orders")
    for number in orders.numbers:
        await page.get_by_role("checkbox", name=f"Choose {number}").check()
    await page.get_by_role("button", name="Make one task").click()
    await expect(page.get_by_role("dialog", name="One task of 2 orders")).to_be_visible()


async def made_at_the_desk(page: Page, orders: Orders) -> int:
    """Make the task as a supervisor does who scans the totes; return its id."""
    await choose(page, orders)
    first = page.get_by_label(f"Tote for {orders.numbers[0]}")
    await expect(first).to_be_focused()
    await expect(first).to_have_value("T-1")
    # One tote for two orders is none.
    await page.keyboard.type(orders.totes[1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_label(f"Tote for {orders.numbers[1]}")).to_be_focused()
    await page.keyboard.type(orders.totes[1])
    await expect(page.get_by_text("Another order goes into this tote.")).to_be_visible()
    await expect(page.get_by_role("button", name="Make the task")).to_be_disabled()
    await first.fill(orders.totes[0])
    await page.get_by_label("Bring it to").fill("Door 3")
    await page.get_by_role("button", name="Make the task").click()
    await expect(page.get_by_text("1 task was made.")).to_be_visible()
    await page.get_by_role("status").get_by_role("link", name="Task").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"Task of {orders.numbers[0]}")
    await expect(page.get_by_role("main")).to_contain_text("to Door 3")
    for tote in orders.totes:
        await expect(page.get_by_role("cell", name=tote, exact=True).first).to_be_visible()
    return int(page.url.rsplit("/", 1)[1])


def puts(app: Phone, tote: str) -> Any:
    return app.page.locator(f"[data-tote='{tote}']")


async def test_a_cluster_is_made_at_the_desk_and_picked_on_and_off_the_network(
    browser: Browser, stack: RunningStack, network: Network, crew: Crew, orders: Orders
) -> None:
    worker, password = await hire(crew)
    first, second = orders.totes
    async with at_the_desk(browser, stack, crew) as page:
        task_id = await made_at_the_desk(page, orders)
    await orders.give(task_id, worker)
    async with phone(browser, network.url) as app:
        await app.open()
        await app.log_in(worker, password)
        await app.start(task_id)
        await app.installed()
        await expect(puts(app, first)).to_contain_text("2 into it")
        await expect(puts(app, second)).to_contain_text("1 into it")
        # Nothing counts before the tote was scanned, and into a wrong one nothing at all.
        await app.scans(orders.shared, "asked")
        await expect(app.answer).to_contain_text(f"now scan the tote {first} (2) / {second} (1)")
        await app.scans("T-NOBODY", "wrong_tote")
        await expect(app.answer).to_contain_text("T-NOBODY is not the tote")
        await app.scans(second.lower(), "line_complete")
        await expect(puts(app, second)).to_contain_text("picked")
        await orders.are_picked(
            task_id, {(orders.shared, first): 0, (orders.shared, second): 1, (orders.other, first): 0}
        )

        network.go()
        await app.scans(orders.shared, "asked")
        # Two of it in the hand.
        await app.scans(orders.shared, "asked")
        await expect(app.answer).to_contain_text("2 ×")
        await app.scans(first, "line_complete")
        await app.holds(1)
        await app.page.get_by_role("button", name="Undo").click()
        await expect(app.answer).to_have_attribute("data-kind", "undone")
        await app.holds(2)
        await app.page.reload()
        await expect(puts(app, first)).to_contain_text("2 into it")
        await app.scans(orders.shared, "asked")
        # An article in place of the tote is another put; the one before is dropped.
        await app.scans(orders.other, "asked")
        await app.scans(first, "line_complete")
        # By itself, what was not confirmed is taken back.
        await app.scans(orders.shared, "asked")
        await app.page.get_by_role("button", name="Undo").click()
        await expect(app.answer).to_have_count(0)
        for _ in range(2):
            await app.scans(orders.shared, "asked")
        await app.scans(first, "task_complete")
        await expect(app.page.get_by_text("Bring it to Door 3")).to_be_visible()
        await expect(app.page.get_by_text(f"Totes: {first}, {second}")).to_be_visible()
        await app.holds(4)
        network.come()
        await app.sent()
    await orders.are_picked(
        task_id, {(orders.shared, first): 2, (orders.shared, second): 1, (orders.other, first): 1}
    )
    _, scans = await crew.admin("GET", f"/api/tasks/{task_id}/scans")
    told = [(one["outcome"], one["tote"], one["undone_by"] is not None) for one in scans["items"]]
    assert told == [
        ("task_complete", first, False),
        ("line_complete", first, False),
        ("line_complete", first, True),
        ("line_complete", second.lower(), False),
        ("wrong_tote", "T-NOBODY", False),
    ]
    # Each order has what it asked for.
    for id_ in orders.ids:
        _, requisition = await crew.admin("GET", f"/api/requisitions/{id_}")
        assert all(line["picked"] == line["required"] for line in requisition["lines"])


async def test_a_tote_that_the_server_knows_otherwise_is_a_conflict(
    browser: Browser, network: Network, crew: Crew, orders: Orders
) -> None:
    worker, password = await hire(crew)
    task_id = await orders.make_task(worker)
    async with phone(browser, network.url) as app:
        await app.open()
        await app.log_in(worker, password)
        await app.start(task_id)
        network.go()
        await app.scans(orders.shared, "asked")
        await app.scans(orders.totes[1], "line_complete")
        await app.holds(1)
        # Meanwhile that line is given to another task.
        _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
        [line] = [one for one in task["lines"] if one["tote"] == orders.totes[1]]
        plan = {
            "lines": [{"line_id": line["line_id"], "quantity": 1}],
            "operation_id": str(uuid.uuid4()),
        }
        status, answer = await crew.admin("POST", f"/api/tasks/{task_id}/split", plan)
        assert status == 200, answer
        network.come()
        await app.sent()
        await app.go("conflicts")
        await expect(app.page.get_by_role("button", name="I have seen it")).to_have_count(1)
    assert set((await orders.picked(task_id)).values()) == {0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_rule_of_accessibility_is_broken(
    browser: Browser, stack: RunningStack, network: Network, crew: Crew, orders: Orders, scheme: str
) -> None:
    rules = STANDARDS if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
    wrong: list[str] = []
    supervisor, secret = await hire(crew, "supervisor")
    async with looked_at(browser, stack.url("api-gateway"), DESKTOP, scheme) as page:
        await page.goto("/desk/")
        await log_in(page, supervisor, secret)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Board")
        await choose(page, orders)
        wrong += await broken_rules(page, rules)
        worker, password = await hire(crew)
        task_id = await orders.make_task(worker)
        await go(page, f"tasks/{task_id}")
        await expect(page.get_by_role("columnheader", name="Tote")).to_be_visible()
        wrong += await broken_rules(page, rules)
    async with phone(browser, network.url, scheme=scheme, bypass_csp=True) as app:
        await app.open()
        await app.log_in(worker, password)
        await app.start(task_id)
        await expect(puts(app, orders.totes[0])).to_be_visible()
        wrong += await broken_rules(app.page, rules)
        for code, kind in (
            (orders.shared, "asked"),
            ("T-NOBODY", "wrong_tote"),
            (orders.totes[1], "line_complete"),
        ):
            await app.scans(code, kind)
            wrong += await broken_rules(app.page, rules)
    assert not wrong, "\n".join(wrong)
