"""What the workers' application has beside picking: PINs, and what supervisors look after."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Crew, RunningStack
from tests.e2e.phone import Phone, phone
from tests.e2e.test_accessibility import STANDARDS, broken_rules
from tests.e2e.test_worker_app import hire, two_wrong_codes

pytestmark = pytest.mark.e2e


@pytest.fixture
async def app(browser: Browser, stack: RunningStack) -> AsyncIterator[Phone]:
    """A phone on which nobody is logged in."""
    async with phone(browser, stack.url("api-gateway")) as app:
        await app.open()
        yield app


@pytest.fixture
async def supervisor(app: Phone, crew: Crew) -> str:
    """A supervisor who is logged in on the phone."""
    name, password = await hire(crew, "supervisor")
    await app.log_in(name, password)
    return name


async def device(crew: Crew) -> dict[str, Any]:
    status, made = await crew.admin("POST", "/api/devices", {"name": f"Phone {uuid.uuid4().hex[:6]}"})
    assert status == 201, made
    return dict(made)


def link(device: dict[str, Any]) -> str:
    return f"#device={device['device_id']}.{device['secret']}"


async def fill_pin(app: Phone, pin: str) -> None:
    await app.page.get_by_label("New PIN: 6 to 12 digits").fill(pin)
    await app.page.get_by_label("New PIN, once more").fill(pin)
    await app.page.get_by_role("button", name="Set the PIN").click()


class TestMyPin:
    async def test_it_is_set_by_the_password_and_changed_by_itself(self, app: Phone, crew: Crew) -> None:
        worker, password = await hire(crew)
        await app.page.goto(f"/app/{link(await device(crew))}")
        await expect(app.page.get_by_text("Scan your badge, or log in below")).to_be_visible()
        await app.log_in(worker, password)
        await app.go("settings/pin")
        await app.field("Password").fill(password)
        await fill_pin(app, "123456")
        await expect(app.page.get_by_role("alert")).to_contain_text("what people try first")
        await app.field("Password").fill("not the password")
        await fill_pin(app, "271828")
        await expect(app.page.get_by_role("alert")).to_contain_text("is not yours")
        await app.field("Password").fill(password)
        await fill_pin(app, "271828")
        await expect(app.page.get_by_role("heading", name="The PIN was set")).to_be_visible()

        await app.go("people")
        await app.log_in(worker, "271828", by="PIN")
        await app.go("settings/pin")
        await app.page.get_by_role("radio", name="Present PIN").check(force=True)
        await app.field("Present PIN").fill("271828")
        await fill_pin(app, "314159")
        await expect(app.page.get_by_role("heading", name="The PIN was set")).to_be_visible()
        # The login by the PIN before has ended with it; nobody has to log in again for that.
        await app.go("")
        await expect(app.page.get_by_role("heading", name=f"Mine ({worker})")).to_be_visible()
        await app.page.get_by_role("button", name="Read the tasks again").click()
        await app.sent()
        await expect(app.page.get_by_text("Your login has ended")).to_have_count(0)

        await app.go("settings/pin")
        remove = app.page.get_by_role("button", name="Remove the PIN")
        await remove.click()
        await remove.click()
        await expect(app.page.get_by_role("heading", name="The PIN was removed")).to_be_visible()
        _, people = await crew.admin("GET", "/api/workers")
        assert [one["has_pin"] for one in people if one["username"] == worker] == [False]


@pytest.mark.usefixtures("supervisor")
class TestPeople:
    async def test_a_badge_is_made_shown_once_and_ended(self, app: Phone, crew: Crew) -> None:
        worker, _ = await hire(crew)
        await app.go("settings")
        await app.page.get_by_role("link", name="People").click()
        await app.page.get_by_label("Search by name").fill(worker)
        await app.page.get_by_role("link", name=worker).click()
        await app.page.get_by_role("button", name="Make a badge").click()
        for picture in ("QR code of the badge", "Barcode of the badge"):
            image = app.page.get_by_role("img", name=picture)
            assert await image.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")
        code = await app.page.locator("code").inner_text()
        scanner = await device(crew)
        shown = {"device_id": scanner["device_id"], "device_secret": scanner["secret"], "code": code}
        assert (await crew.admin("POST", "/api/auth/badge", shown))[0] == 200

        await app.page.get_by_role("button", name="It is printed").click()
        await expect(app.page.get_by_text("Its code cannot be shown again")).to_be_visible()
        assert code not in await app.page.content()
        end = app.page.get_by_role("button", name="End the badge")
        await end.click()
        await end.click()
        await expect(app.page.get_by_text("There is no badge")).to_be_visible()
        assert (await crew.admin("POST", "/api/auth/badge", shown))[0] == 401

    async def test_a_worker_gets_a_pin(self, app: Phone, crew: Crew) -> None:
        worker, _ = await hire(crew)
        await app.go(f"desk/people/{worker}")
        await fill_pin(app, "271828")
        await expect(app.page.get_by_role("alert")).to_contain_text(f"{worker} has a new PIN")
        scanner = await device(crew)
        shown = {"device_id": scanner["device_id"], "device_secret": scanner["secret"]}
        typed = {"username": worker, "pin": "271828"}
        assert (await crew.admin("POST", "/api/auth/pin", shown | typed))[0] == 200

    async def test_other_supervisors_are_for_admins(self, app: Phone, supervisor: str) -> None:
        await app.go(f"desk/people/{supervisor}")
        await expect(app.page.get_by_text("Supervisors give PINs and badges to workers")).to_be_visible()
        await expect(app.page.get_by_role("button", name="Make a badge")).to_have_count(0)


class TestDevices:
    async def test_what_one_holds_is_seen_and_one_that_is_ended_says_so(
        self, browser: Browser, stack: RunningStack, app: Phone, crew: Crew, supervisor: str
    ) -> None:
        worker, password = await hire(crew)
        made = await device(crew)
        async with phone(browser, stack.url("api-gateway")) as other:
            await other.open(link(made))
            await other.log_in(worker, password)
            # It would say itself, now and then, what it holds.
            await other.page.context.set_offline(True)
            now = datetime.now(UTC)
            said = {
                "device_secret": made["secret"],
                "queues": [
                    {"username": worker, "queued": 12, "oldest_at": (now - timedelta(hours=1)).isoformat()}
                ],
                "app_version": "test",
                "clock": now.isoformat(),
            }
            member = await crew.admin.as_user(worker, password)
            status, answer = await member("POST", f"/api/devices/{made['device_id']}/contact", said)
            assert status == 200, answer

            await app.go("desk/devices")
            card = app.page.get_by_role("listitem").filter(has=app.page.get_by_text(made["name"], exact=True))
            await expect(card.first).to_contain_text(f"{worker}: 12 records since")
            end = app.page.get_by_role("button", name=f"End {made['name']}")
            await end.click()
            await expect(app.page.get_by_role("alert")).to_contain_text("It still holds 12 records")
            await end.click()
            await expect(end).to_have_count(0)

            await other.page.context.set_offline(False)
            await other.open()
            await expect(
                other.page.get_by_text("The server does not know this device any more")
            ).to_be_visible()
            await other.go("waiting")
            await expect(other.page.get_by_text("Not enrolled: log in with the password")).to_be_visible()


class TestRefusals:
    async def test_a_wrong_barcode_is_found_among_those_of_everybody(
        self, app: Phone, crew: Crew, supervisor: str
    ) -> None:
        work, wrong = await two_wrong_codes(crew)
        await app.go("desk/refusals")
        page = app.page
        await page.get_by_label("Worker").select_option(work.worker)
        await expect(page.get_by_role("listitem")).to_have_count(2)
        await expect(page.get_by_role("listitem").first).to_contain_text("Unknown code")
        await page.get_by_role("button", name=f"Only this code {wrong}").click()
        await expect(page.get_by_role("listitem")).to_have_count(1)
        await expect(page.get_by_role("listitem")).to_contain_text(wrong)
        await page.get_by_label("Only what arrived late").check()
        await expect(page.get_by_text("There is none like that")).to_be_visible()

    async def test_they_are_not_for_workers(self, app: Phone, crew: Crew) -> None:
        worker, password = await hire(crew)
        await app.log_in(worker, password)
        await app.go("settings")
        await expect(app.page.get_by_role("link", name="My PIN")).to_be_visible()
        await expect(app.page.get_by_role("link", name="Refused scans")).to_have_count(0)
        await app.go("desk/refusals")
        await expect(app.page.get_by_role("heading", level=1)).to_have_text("There is no such screen")


class TestFrontPage:
    async def test_a_worker_begins_at_the_application(self, app: Phone, crew: Crew) -> None:
        worker, password = await hire(crew)
        await app.log_in(worker, password)
        await app.page.goto("/")
        assert urlsplit(app.page.url).path == "/app/"

    @pytest.mark.usefixtures("supervisor")
    async def test_a_supervisor_begins_at_the_desk(self, app: Phone) -> None:
        await app.page.goto("/")
        assert urlsplit(app.page.url).path == "/desk/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_rule_of_accessibility_is_broken(
    browser: Browser, stack: RunningStack, crew: Crew, scheme: str
) -> None:
    name, password = await hire(crew, "supervisor")
    worker, _ = await hire(crew)
    await device(crew)
    rules = STANDARDS if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
    wrong: list[str] = []
    async with phone(browser, stack.url("api-gateway"), scheme=scheme, bypass_csp=True) as app:
        await app.open()
        await app.log_in(name, password)
        for path in ("settings", "settings/pin", "desk/people", "desk/devices", "desk/refusals"):
            await app.go(path)
            await expect(app.page.get_by_text("Asking the server…")).to_have_count(0)
            wrong += await broken_rules(app.page, rules)
        await app.go(f"desk/people/{worker}")
        await app.page.get_by_role("button", name="Make a badge").click()
        await expect(app.page.get_by_role("img", name="QR code of the badge")).to_be_visible()
        wrong += await broken_rules(app.page, rules)
    assert not wrong, "\n".join(wrong)
