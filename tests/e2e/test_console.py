"""The console in a real browser, on the real stack: what people do with it when something is wrong."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from magacin.stack.parts import PARTS
from tests.e2e.browser import PHONE, log_in, opened
from tests.e2e.conftest import RunningStack, hastened, magacin
from tests.e2e.pages import addresses

pytestmark = pytest.mark.e2e

# An alert's own minute, the time to the next scrape and evaluation, and a busy machine.
FIRES = 240_000


def control(stack: RunningStack, verb: str, part: str) -> None:
    magacin(verb, part, "--data-dir", str(stack.data_dir))


@pytest.fixture
def fast(stack: RunningStack) -> Iterator[None]:
    """An alert's minute, the wait for its group and the steps between are short."""
    with hastened(stack):
        yield


class TestLogin:
    async def test_leads_to_where_somebody_wanted_to_go(self, browser: Browser, stack: RunningStack) -> None:
        async with opened(browser, stack.url("console"), None) as page:
            await page.goto("/alerts/ServiceDown?from=now-2h")
            await expect(page).to_have_url(
                f"{stack.url('console')}/login?next=%2Falerts%2FServiceDown%3Ffrom%3Dnow-2h"
            )
            await page.get_by_label("Operator password").fill("not the password")
            await page.get_by_role("button", name="Log in").click()
            await expect(page.get_by_text("That is not the operator's password.")).to_be_visible()
            await page.get_by_label("Operator password").fill(stack.secret("operator-password"))
            await page.keyboard.press("Enter")
            await expect(page).to_have_url(f"{stack.url('console')}/alerts/ServiceDown?from=now-2h")

    async def test_logging_out_ends_it(self, browser: Browser, stack: RunningStack) -> None:
        async with opened(browser, stack.url("console"), None) as page:
            await log_in(page, stack.url("console"), stack.secret("operator-password"))
            await page.get_by_role("button", name="Theme and session").click()
            await page.get_by_role("menuitem", name="Log out").click()
            await expect(page.get_by_label("Operator password")).to_be_visible()
            await page.goto("/targets")
            await expect(page.get_by_label("Operator password")).to_be_visible()


class TestAlerts:
    @pytest.mark.usefixtures("fast")
    async def test_one_fires_is_silenced_and_the_silence_ends(
        self,
        page: Page,
        stack: RunningStack,
    ) -> None:
        control(stack, "stop", "node-exporter")
        try:
            await page.goto("/alerts")
            # By its name: on a busy machine there is a warning as well, which this one keeps back, and which
            # says by what.
            card = page.get_by_role("listitem", name="ServiceDown, node-exporter", exact=True)
            await expect(card).to_be_visible(timeout=FIRES)
            await expect(card).to_contain_text("critical")

            await page.goto("/d/magacin-overview?refresh=5s")
            await expect(page.get_by_role("button", name="ServiceDown").first).to_be_visible(timeout=60_000)
            await page.goto("/alerts")

            await card.get_by_role("link", name="ServiceDown").click()
            runbook = page.get_by_role("article", name="Runbook")
            await expect(runbook.get_by_role("heading", name="Mitigation")).to_be_visible()
            # By its next step, and the refresh after that.
            history = page.get_by_role("region", name="History")
            await expect(history).to_contain_text("node-exporter", timeout=180_000)
            await page.go_back()

            await card.get_by_role("link", name="Silence").click()
            await expect(page.get_by_label("Value").first).to_have_value("ServiceDown")
            preview = page.get_by_role("region", name="What it keeps back now")
            await expect(preview).to_contain_text("It keeps back 1 alert that fires now")
            await page.get_by_label("Until").fill("now+60s")
            await page.get_by_label("Your name").fill("Ana")
            await page.get_by_label("Why").fill("The machine is being moved")
            await page.get_by_role("button", name="Silence", exact=True).click()
            silences = page.get_by_role("list", name="Silences")
            await expect(silences).to_contain_text("The machine is being moved")

            await page.get_by_role("link", name="Now").click()
            await expect(card).to_contain_text("silenced by Ana until")
            await expect(card).to_contain_text("The machine is being moved")
            await expect(card).not_to_contain_text("silenced", timeout=120_000)
        finally:
            control(stack, "start", "node-exporter")

    async def test_a_silence_is_changed_and_ended(self, page: Page) -> None:
        await page.goto('/silences/new?filter={alertname="Nothing",service=~"a.*"}')
        await expect(page.get_by_label("Comparison").nth(1)).to_have_value("=~")
        await page.get_by_label("Your name").fill("Ana")
        await page.get_by_label("Why").fill("first")
        await page.get_by_role("button", name="Silence", exact=True).click()
        card = page.get_by_role("list", name="Silences").get_by_role("listitem").filter(has_text="Nothing")
        await expect(card).to_contain_text('alertname="Nothing", service=~"a.*"')
        await card.get_by_role("link", name="Change").click()
        await page.get_by_label("Why").fill("second")
        await page.get_by_role("button", name="Save").click()
        await expect(card).to_contain_text("second")
        await card.get_by_role("button", name="End it now").click()
        await expect(card).to_have_count(0)

    async def test_one_without_anything_to_keep_back_cannot_be_made(self, page: Page) -> None:
        await page.goto("/silences/new")
        await expect(page.get_by_text("it would keep back everything")).to_be_visible()
        await expect(page.get_by_role("button", name="Silence", exact=True)).to_be_disabled()

    async def test_every_rule_is_there_with_its_state(self, page: Page) -> None:
        await page.goto("/alerts?view=rules")
        await page.get_by_label("Search rules").fill("watchdog")
        row = page.get_by_role("row").filter(has_text="Watchdog")
        await expect(row).to_contain_text("firing")
        await page.get_by_text("inactive", exact=False).first.click()
        await expect(page.get_by_text("No rule fits.")).to_be_visible()


class TestTargets:
    async def test_all_are_up_and_can_be_found(self, page: Page, stack: RunningStack) -> None:
        await page.goto("/targets")
        scraped = [name for name in stack.status() if PARTS[name].metrics]
        for name in scraped:
            group = page.get_by_role("rowgroup").filter(
                has=page.get_by_role("rowheader", name=f"{name} 1 of 1 up")
            )
            await expect(group).to_contain_text("ago", timeout=60_000)
        await page.get_by_label("Search targets").fill("redis-exporter")
        await expect(page.get_by_role("rowheader")).to_have_count(1)
        await page.reload()
        await expect(page.get_by_label("Search targets")).to_have_value("redis-exporter")

    async def test_prometheus_goes_and_comes_back(self, page: Page, stack: RunningStack) -> None:
        await page.goto("/targets")
        header = page.get_by_role("rowheader", name="prometheus")
        await expect(header).to_be_visible()
        trouble = page.get_by_role("alert").filter(has_text="Prometheus does not answer.")
        control(stack, "stop", "prometheus")
        try:
            await expect(trouble).to_be_visible()
            await expect(header).to_be_visible()
            await page.reload()
            await expect(trouble).to_be_visible()
        finally:
            control(stack, "start", "prometheus")
        await expect(trouble).to_have_count(0)
        await expect(header).to_be_visible()


class TestExplore:
    async def test_a_query_completes_itself_and_is_answered(self, page: Page) -> None:
        await page.goto("/explore")
        editor = page.get_by_role("textbox", name="Query")
        await editor.click()
        await editor.press_sequentially("http_requests_to", delay=20)
        option = page.get_by_role("option", name="http_requests_total")
        await option.first.click()
        await expect(editor).to_contain_text("http_requests_total")
        await page.keyboard.press("Enter")
        result = page.get_by_role("region", name="Result")
        await expect(result.locator("canvas").first).to_be_visible()
        assert parse_qs(urlsplit(page.url).query)["expr"] == ["http_requests_total"]

        await page.get_by_text("Table", exact=True).click()
        await expect(result.get_by_role("row").nth(1)).to_contain_text("api-gateway")
        await page.reload()
        await expect(result.get_by_role("row").nth(1)).to_contain_text("api-gateway")
        await page.go_back()
        await expect(result.locator("canvas").first).to_be_visible()

    async def test_a_mistake_is_told_where_it_is(self, page: Page) -> None:
        await page.goto("/explore?expr=rate(up")
        result = page.get_by_role("region", name="Result")
        await expect(result.get_by_role("alert")).to_contain_text("unclosed left parenthesis")


class TestInbox:
    async def test_a_mail_is_shown_as_it_came_and_runs_nothing(
        self,
        page: Page,
        stack: RunningStack,
    ) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "A mail of the test"
        mail.set_content("As text")
        script = "<script>document.body.textContent = 'it ran'</script>"
        mail.add_alternative(f'<p style="color: rgb(1, 2, 3)">In colour</p>{script}', subtype="html")
        [port] = PARTS["inbox"].more_ports
        with smtplib.SMTP("127.0.0.1", port + stack.offset, timeout=10) as smtp:
            smtp.send_message(mail)
        await page.goto("/inbox")
        await page.get_by_role("button", name="A mail of the test").click()
        paragraph = page.frame_locator("iframe").get_by_text("In colour")
        await expect(paragraph).to_have_css("color", "rgb(1, 2, 3)")

    async def test_a_slack_message_is_shown_as_slack_does(self, page: Page, stack: RunningStack) -> None:
        text = "*All of it* &amp; `one` <http://localhost/x|Runbook>"
        attachment = {"title": "[CRITICAL] Sample", "text": text, "color": "danger"}
        payload = {"channel": "#alerts-critical", "attachments": [attachment]}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{stack.url('inbox')}/slack", json=payload) as answer,
        ):
            assert answer.status == 200
        await page.goto("/inbox?kind=slack")
        await page.get_by_role("button", name="[CRITICAL] Sample").click()
        message = page.get_by_role("article", name="[CRITICAL] Sample")
        await expect(message).to_contain_text("All of it & one Runbook")
        await expect(message.get_by_role("link", name="Runbook")).to_have_attribute(
            "href", "http://localhost/x"
        )


class TestEverywhere:
    async def test_the_keyboard_is_enough(self, page: Page) -> None:
        await page.goto("/targets")
        await expect(page.get_by_role("heading", name="Targets")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.get_by_role("link", name="Alerts").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()

    async def test_nothing_is_wider_than_a_phone(
        self,
        browser: Browser,
        stack: RunningStack,
        operator: StorageState,
    ) -> None:
        async with opened(browser, stack.url("console"), operator, PHONE) as page:
            for path in addresses():
                await page.goto(path)
                await expect(page.get_by_role("main")).to_be_visible()
                await page.wait_for_load_state("networkidle")
                too_wide = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                assert too_wide <= 0, path
