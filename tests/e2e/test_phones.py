"""A phone's browser in front of a stack that was started with `--lan`: by name, over HTTPS."""

from __future__ import annotations

import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from magacin.cli._common import Progress
from magacin.stack import install, lan
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.e2e.browser import OPTIONS, PATIENCE, PHONE
from tests.e2e.conftest import PHONES, Crew, RunningStack, magacin
from tests.e2e.phone import phone as workers_phone
from tests.e2e.test_worker_app import hire

pytestmark = pytest.mark.e2e

# Logs in, refreshes, and opens a socket with the new token; gives what the gateway said at the end.
_LOG_IN_AND_CONNECT = """
async ([username, password]) => {
  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    });
    return await answer.json();
  };
  const first = await post("/api/auth/login", {username, password});
  const tokens = await post("/api/auth/refresh", {refresh_token: first.refresh_token});
  const me = await fetch("/api/auth/me", {headers: {Authorization: `Bearer ${tokens.access_token}`}});
  const socket = new WebSocket(`wss://${location.host}/socket.io/?EIO=4&transport=websocket`);
  const welcome = await new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error("the socket failed"));
    socket.onmessage = ({data}) => {
      if (data.startsWith("0")) socket.send("40" + JSON.stringify({token: tokens.access_token}));
      else resolve(data);
    };
  });
  socket.close();
  return {username: (await me.json()).username, welcome};
}
"""


def _trust(store: Path, authority: Path | None) -> None:
    """Make the store in which Chromium keeps what its user has installed."""
    store.mkdir(parents=True)
    certutil = [str(install.locate("certutil")), "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    if authority is not None:
        subprocess.run([*certutil, "-A", "-n", "ours", "-t", "C,,", "-i", str(authority)], check=True)


@asynccontextmanager
async def phone(home: Path, authority: Path | None) -> AsyncIterator[Browser]:
    """Start a browser for which the name leads here, with an authority installed."""
    _trust(home / ".pki" / "nssdb", authority)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(install.locate("chromium")),
            args=[*OPTIONS, f"--host-resolver-rules=MAP {PHONES} 127.0.0.1"],
            env={"HOME": str(home), "PATH": install.search_path()},
        )
        try:
            yield browser
        finally:
            await browser.close()


async def opened(browser: Browser) -> Page:
    context = await browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    context.set_default_timeout(PATIENCE)
    return await context.new_page()


@pytest.fixture
def door(stack: RunningStack) -> lan.Lan:
    found = lan.read(DataDir(stack.data_dir))
    assert found is not None
    return found


@pytest.fixture
def authority(stack: RunningStack, door: lan.Lan) -> Path:
    return lan.authority(DataDir(stack.data_dir), door).public


async def test_a_phone_that_trusts_the_authority_has_a_secure_context_and_works(
    stack: RunningStack, crew: Crew, door: lan.Lan, authority: Path, tmp_path: Path
) -> None:
    async with phone(tmp_path, authority) as browser:
        page = await opened(browser)
        await page.goto(door.url(stack.offset))
        await expect(page.get_by_role("heading", level=1)).to_contain_text("The work of a warehouse")
        assert await page.evaluate("isSecureContext")
        assert await page.evaluate("'serviceWorker' in navigator && 'mediaDevices' in navigator")
        answer = await page.goto(f"{door.url(stack.offset)}app/")
        assert answer is not None
        assert answer.status == 200
        assert await page.evaluate("isSecureContext"), "the workers' application"
        # From there, as the application does: its policy is one that lets scripts connect.
        password = stack.secret("admin-password")
        found: dict[str, Any] = await page.evaluate(_LOG_IN_AND_CONNECT, ["admin", password])
        assert found["username"] == "admin"
        assert re.match(r'40\{"sid":"', found["welcome"]), found


async def test_a_worker_picks_over_https_with_and_without_a_network(
    stack: RunningStack, crew: Crew, door: lan.Lan, authority: Path, tmp_path: Path
) -> None:
    worker, password = await hire(crew)
    sku = f"A-{worker}"
    task_id = await crew.task([], **{sku: 3})
    number = (await crew.admin("GET", f"/api/tasks/{task_id}"))[1]["number"]
    url = door.url(stack.offset)
    async with phone(tmp_path, authority) as browser, workers_phone(browser, url) as app:
        await app.open()
        await app.log_in(worker, password)
        await app.page.get_by_role("button", name=f"Take this task {number}").click()
        await expect(app.page.get_by_text("Scan the article")).to_be_visible()
        await app.scans(sku, "picked")
        await app.sent()
        await app.installed()
        await app.page.context.set_offline(True)
        await app.scans(sku, "picked")
        # It comes from the device.
        await app.page.reload()
        await app.holds(1)
        await app.scans(sku, "task_complete")
        await app.holds(2)
        assert (await crew.admin("GET", f"/api/tasks/{task_id}"))[1]["picked"] == 1
        await app.page.context.set_offline(False)
        await app.sent()
    task = (await crew.admin("GET", f"/api/tasks/{task_id}"))[1]
    assert (task["picked"], task["status"]) == (3, "completed")


async def test_a_phone_is_led_from_the_page_to_the_application(
    stack: RunningStack, door: lan.Lan, authority: Path, tmp_path: Path
) -> None:
    known = DataDir(stack.data_dir)
    start = door.page(stack.offset)
    assert start is not None
    async with phone(tmp_path / "stranger", None) as browser:
        page = await opened(browser)
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(door.url(stack.offset))
        # In another tab: what the browser says instead of the page is still on its way into that one.
        page = await opened(browser)
        await page.goto(start)
        await expect(page.get_by_text(str(lan.fingerprint(known, door)))).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "too wide for a phone"
        )
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download the certificate").click()
        saved = tmp_path / "magacin-track.crt"
        await (await download.value).save_as(saved)
    async with phone(tmp_path / "trusting", saved) as browser:
        page = await opened(browser)
        await page.goto(start)
        await page.get_by_role("link", name=door.url(stack.offset)).click()
        await page.wait_for_url(door.url(stack.offset))
        assert await page.evaluate("isSecureContext")


def test_status_says_what_phones_open(stack: RunningStack, door: lan.Lan) -> None:
    said = magacin("status", "--data-dir", str(stack.data_dir)).stdout
    assert f"Phones open https://{PHONES}:{8443 + stack.offset}/" in said
    assert str(lan.fingerprint(DataDir(stack.data_dir), door)) in said
    assert stack.status()["api-gateway"]["lan"] == door.url(stack.offset)
    assert stack.status()["task-service"]["lan"] is None


def test_another_door_is_refused_while_the_gateway_runs(stack: RunningStack, door: lan.Lan) -> None:
    run = magacin("up", "--detach", "--lan", "other.test", "--data-dir", str(stack.data_dir), check=False)
    assert run.returncode == 1
    assert "runs already, and otherwise than with this --lan" in run.stderr
    assert lan.read(DataDir(stack.data_dir)) == door
    again = magacin("up", "--detach", *door.options(), "--data-dir", str(stack.data_dir))
    assert "Already running." in again.stdout
    assert f"Phones open {door.url(stack.offset)}" in again.stdout
    assert Stack(DataDir(stack.data_dir), Progress()).alive() >= {"api-gateway"}
