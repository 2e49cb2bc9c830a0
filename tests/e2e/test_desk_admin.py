"""What administrators do at the desk: people, articles, and the programs that are told and that ask."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Crew, RunningStack, eventually
from tests.e2e.test_desk_app import at_the_desk
from tests.tasks.receiver import Receiver

pytestmark = pytest.mark.e2e


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew, role="admin") as page:
        yield page


def card(page: Page, title: str) -> Locator:
    """Return the card of a person's page that has this title."""
    return page.locator("section").filter(has=page.get_by_role("heading", name=title, exact=True))


async def status_of(stack: RunningStack, path: str, **body: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(stack.url("api-gateway") + path, json=body) as answer,
    ):
        return answer.status


class TestPeople:
    async def test_somebody_is_brought_in_promoted_and_leaves(
        self, page: Page, stack: RunningStack, crew: Crew
    ) -> None:
        name, password, other = f"n{uuid.uuid4().hex[:10]}", "a first password", "another password"
        await page.get_by_role("link", name="People").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("People")
        await page.get_by_label("Name of the new person").fill("Not a name")
        await expect(page.get_by_role("button", name="Bring in")).to_be_disabled()
        await page.get_by_label("Name of the new person").fill(name)
        await page.get_by_label("First password", exact=True).fill(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(f"{name} may log in from now on")).to_be_visible()
        # The same name a second time is nobody's.
        await page.get_by_label("Name of the new person").fill(name)
        await page.get_by_label("First password", exact=True).fill(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("somebody of that name")
        person = await crew.admin.as_user(name, password)

        await page.get_by_label("Find by name").fill(name)
        await page.get_by_role("link", name=name).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)
        await page.get_by_label("May do what this role may").select_option("supervisor")
        await page.get_by_role("button", name="Set the role").click()
        await expect(page.get_by_text(f"{name} is supervisor now")).to_be_visible()

        await page.get_by_label("New PIN", exact=True).fill("123456")
        await page.get_by_role("button", name="Set the PIN").click()
        await expect(card(page, "PIN").get_by_role("alert")).to_contain_text("what people try first")
        await page.get_by_label("New PIN", exact=True).fill("274951")
        await page.get_by_role("button", name="Set the PIN").click()
        await expect(page.get_by_text("There is a PIN. Nobody can read it.")).to_be_visible()
        assert "274951" not in await page.content()
        await page.get_by_role("button", name="Make a badge").click()
        badge = page.get_by_role("region", name="The code of the badge")
        await expect(badge.locator("code")).to_have_text(re.compile("^MGB1[A-Z0-9]{26}$"))
        code = await badge.locator("code").inner_text()
        await badge.get_by_role("button", name="I have it").click()
        assert code not in await page.content()
        await page.get_by_role("button", name="Withdraw the PIN").click()
        await page.get_by_role("dialog").get_by_role("button", name="Withdraw the PIN").click()
        await expect(page.get_by_text(f"{name} has no PIN any more")).to_be_visible()

        logins = page.locator("section").filter(has=page.get_by_role("heading", name="Logged in"))
        await expect(logins.get_by_role("row")).to_have_count(2)
        await logins.get_by_role("button", name="End the login").click()
        await page.get_by_role("dialog").get_by_role("button", name="End the login").click()
        await expect(logins.get_by_text("Nowhere at present")).to_be_visible()
        assert (await person("GET", "/api/auth/me"))[0] == 401

        await page.get_by_label("New password", exact=True).fill(other)
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_text(f"{name} has a new password")).to_be_visible()
        assert await status_of(stack, "/api/auth/login", username=name, password=password) == 401
        assert await status_of(stack, "/api/auth/login", username=name, password=other) == 200

        await page.get_by_role("button", name="Deactivate").click()
        await page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
        await expect(page.get_by_text(f"{name} may not log in any more")).to_be_visible()
        await expect(page.get_by_role("heading", name="PIN", exact=True)).to_have_count(0)
        assert await status_of(stack, "/api/auth/login", username=name, password=other) == 403

    async def test_who_has_left_is_erased_and_what_they_did_stays(self, page: Page, crew: Crew) -> None:
        (name,) = await crew.hire(1)
        task_id = await crew.task([name], **{f"SKU-{name}": 2})
        scan = {"task_id": task_id, "code": f"SKU-{name}", "operation_id": str(uuid.uuid4())}
        assert (await crew.workers[name]("POST", "/api/scan", scan))[0] == 200
        await page.goto(f"/desk/people/{name}")
        erasing = card(page, "Erasing")
        await expect(erasing).to_contain_text("Deactivate first")
        await expect(erasing.get_by_role("button")).to_have_count(0)
        await page.get_by_role("button", name="Deactivate").click()
        await page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
        await erasing.get_by_role("button", name="Erase").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("It cannot be taken back")
        await expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
        await dialog.get_by_label(f"Type {name} to confirm").fill(name[:-1])
        await expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
        await dialog.get_by_label(f"Type {name} to confirm").fill(name)
        await page.keyboard.press("Enter")
        said = page.get_by_text(f"{name} is erased.")
        await expect(said).to_contain_text(re.compile(r"erased-\d+"))
        pseudonym = str(re.findall(r"erased-\d+", await said.inner_text())[0])
        assert (await crew.workers[name]("GET", "/api/auth/me"))[0] == 401

        async def is_renamed() -> bool:
            _, entries = await crew.admin("GET", f"/api/audit?subject_kind=user&subject_id={pseudonym}")
            _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
            created = [one for one in entries["items"] if one["action"] == "user.created"]
            return bool(created) and task["workers"] == [pseudonym]

        await eventually(is_renamed)
        await page.get_by_role("link", name="People").first.click()
        row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=pseudonym, exact=True))
        await expect(row).to_contain_text("being replaced, by itself")
        # Until the last of their access tokens is over, nobody else has the name.
        await page.get_by_label("Name of the new person").fill(name)
        await page.get_by_label("First password", exact=True).fill("a first password")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("is being erased")

    async def test_it_is_for_administrators(self, browser: Browser, stack: RunningStack, crew: Crew) -> None:
        async with at_the_desk(browser, stack, crew, role="manager") as page:
            await expect(page.get_by_role("link", name="Orders")).to_be_visible()
            for place in ("People", "Programs", "Audit"):
                await expect(page.get_by_role("link", name=place)).to_have_count(0)
            await page.goto("/desk/people")
            await expect(page.get_by_role("alert")).to_contain_text("Your role does not allow that")

    async def test_one_changes_ones_own_pin_by_the_password(
        self, browser: Browser, stack: RunningStack, crew: Crew
    ) -> None:
        async with at_the_desk(browser, stack, crew, role="admin") as page:
            me = str(await page.evaluate("JSON.parse(localStorage.getItem('magacin-desk-login')).username"))
            await page.goto(f"/desk/people/{me}")
            await expect(card(page, "Erasing")).to_contain_text("You cannot erase yourself")
            await page.get_by_label("New PIN", exact=True).fill("274951")
            await page.get_by_label("Your password", exact=True).fill("not the password")
            await page.get_by_role("button", name="Set the PIN").click()
            await expect(card(page, "PIN").get_by_role("alert")).to_contain_text("wrong")


class TestWebhooks:
    async def test_one_is_made_tried_stopped_and_removed(self, page: Page) -> None:
        name = f"ERP {uuid.uuid4().hex[:6]}"
        await page.get_by_role("link", name="Programs").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")
        async with Receiver.serving() as receiver:
            await page.get_by_label("Name", exact=True).fill(name)
            await page.get_by_label("Address").fill("http://10.1.2.3/hooks")
            await page.get_by_label("Task completed").check()
            await page.get_by_role("button", name="Make it").click()
            await expect(page.get_by_role("alert")).to_contain_text("This address is private")
            await page.get_by_label("Address").fill(receiver.url)
            await page.get_by_role("button", name="Make it").click()
            once = page.get_by_role("region", name=f"The secret of {name}")
            secret = await once.locator("code").inner_text()
            await once.get_by_role("button", name="I have it").click()
            assert secret not in await page.content()

            receiver.status = 500
            await page.get_by_role("link", name=name).click()
            await page.get_by_role("button", name="Send a test").click()
            log = page.locator("[data-delivery]")
            await expect(log).to_have_count(1)
            await expect(log).to_contain_text("HTTP 500")
            receiver.status = 204
            await log.get_by_role("button", name="Send again").click()
            await expect(log).to_contain_text("Delivered")
            first, again = await receiver.until(2)
            assert first.id == again.id
            assert again.verified(secret)["type"] == "ping"
            await log.get_by_text("Content", exact=True).click()
            await expect(log).to_contain_text(first.id)

            await page.get_by_role("button", name="Pause").click()
            await expect(page.get_by_text("It is paused.")).to_be_visible()
            await page.get_by_role("button", name="Send a test").click()
            await expect(log).to_have_count(2)
            await expect(log.first).to_contain_text("Waiting")
            await page.get_by_role("button", name="Let go on").click()
            await expect(log.first).to_contain_text("Delivered")

            await page.get_by_role("button", name="Remove the webhook").click()
            await page.get_by_role("dialog").get_by_role("button", name="Remove the webhook").click()
            await expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")
            await expect(page.get_by_role("link", name=name)).to_have_count(0)


class TestKeys:
    async def test_one_is_made_used_and_revoked(self, page: Page, stack: RunningStack, crew: Crew) -> None:
        name = f"erp-{uuid.uuid4().hex[:6]}"
        await page.goto("/desk/webhooks")
        await page.get_by_role("link", name="API keys").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
        await page.get_by_label("Program", exact=True).fill(name)
        await page.get_by_label("Articles: read").check()
        await page.get_by_role("button", name="Make a key").click()
        key = await page.get_by_role("region", name=f"The key of {name}").locator("code").inner_text()
        assert key.startswith("mgk_")

        async def asked(path: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            async with (
                aiohttp.ClientSession() as session,
                session.get(stack.url("api-gateway") + path, headers=headers) as answer,
            ):
                return answer.status

        assert await asked("/api/articles") == 200
        assert await asked("/api/tasks") == 403
        row = page.get_by_role("row").filter(has_text=name)
        await row.get_by_role("button", name="Revoke").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(row).to_contain_text("Revoked")
        assert await asked("/api/articles") == 401

    async def test_a_name_is_never_given_twice(self, page: Page, crew: Crew) -> None:
        name = f"erp-{uuid.uuid4().hex[:6]}"
        await crew.admin("POST", "/api/keys", {"name": name, "scopes": ["articles:read"]})
        await page.goto("/desk/keys")
        await page.get_by_label("Program", exact=True).fill(name)
        await page.get_by_label("Orders: write").check()
        await page.get_by_role("button", name="Make a key").click()
        await expect(page.get_by_role("alert")).to_contain_text("There is, or was, a key of that name")


class TestMapping:
    async def test_columns_are_chosen_and_kept_as_a_profile(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        content = f"Wo;Teil;Wieviel\r\n{mark}-1;SKU-{mark};3\r\n"
        file = {"name": "own.csv", "mimeType": "text/csv", "buffer": content.encode()}
        await page.goto("/desk/imports")
        await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # as Playwright has it
        await expect(page.get_by_role("alert")).to_contain_text("Nothing of it would be imported")
        await page.get_by_label("Number of the order").select_option("Wo")
        await page.get_by_label("SKU of the article").select_option("Teil")
        await page.get_by_label("Quantity").select_option("Wieviel")
        await expect(page.get_by_text("First rows: 1")).to_be_visible()
        await page.get_by_label("Keep this as the profile").fill("SAP")
        await expect(page.get_by_text("This one comes with the program")).to_be_visible()
        await page.get_by_label("Keep this as the profile").fill(f"own-{mark}")
        await page.get_by_role("button", name="Keep the profile").click()
        await expect(page.get_by_label("Read it as")).to_have_value(f"own-{mark}")
        await expect(page.get_by_text("First rows: 1")).to_be_visible()
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("Imported")
        _, profile = await crew.admin("GET", f"/api/import-profiles/own-{mark}")
        assert profile["mapping"] == {"requisition": "Wo", "sku": "Teil", "quantity": "Wieviel"}
