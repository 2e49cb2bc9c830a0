"""A live drill on the real stack, from the command to whoever answers."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from magacin.stack import clients
from tests.e2e.conftest import RunningStack, magacin
from tests.support import sample

pytestmark = pytest.mark.e2e


def drill(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return magacin("drill", *arguments, "--data-dir", str(stack.data_dir), check=False)


def history(stack: RunningStack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(drill(stack, "history", "--json").stdout)
    return found


async def messages(
    session: aiohttp.ClientSession, stack: RunningStack, **wanted: str
) -> list[dict[str, Any]]:
    async with session.get(f"{stack.url('inbox')}/api/messages", params=wanted) as response:
        items: list[dict[str, Any]] = (await response.json())["items"]
        # Others use the stack as well, and may have made it fire.
        return [item for item in items if item["subject"].startswith("[DRILL]")]


async def test_reaches_who_is_told_of_the_alert_and_is_answered(stack: RunningStack) -> None:
    done = drill(stack, "--live", "DatabaseConnectionIssues")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "routed to              critical" in done.stdout
    async with aiohttp.ClientSession() as session:
        wanted = {"alert": "DatabaseConnectionIssues", "status": "firing"}
        [mail] = await messages(session, stack, kind="email", **wanted)
        [slack] = await messages(session, stack, kind="slack", **wanted)
        for message in (mail, slack):
            assert message["subject"].startswith("[DRILL] [CRITICAL] DatabaseConnectionIssues: drill-")
        assert mail["recipients"] == ["on-call@magacin.invalid"]
        assert slack["recipients"] == ["#alerts-critical"]
        links = {re.search(r"http\S+/drill\?token=[\w-]+", message["text"]) for message in (mail, slack)}
        [link] = {found[0] for found in links if found}
        assert link.startswith(stack.url("api-gateway"))
        assert link.rpartition("=")[2] not in done.stdout, "who sends it must not be able to answer it"

        async with session.get(link) as response:
            assert "Nothing is wrong." in await response.text()
        assert history(stack)[0]["acknowledged_by"] is None
        assert await waiting(session, stack) > 0
        async with session.post(link, data={"name": "Ana"}) as response:
            assert "Thank you." in await response.text()
        assert await waiting(session, stack) == 0
    answered = history(stack)[0]
    assert answered["alert"] == "DatabaseConnectionIssues"
    assert answered["acknowledged_by"] == "Ana"
    assert answered["answered_after_seconds"] > 0
    assert "the email arrived (on-call@magacin.invalid" in answered["delivery"]
    assert re.search(r"DatabaseConnectionIssues\s+critical\s+Ana", drill(stack, "history").stdout)


async def waiting(session: aiohttp.ClientSession, stack: RunningStack) -> float:
    async with session.get(f"{stack.url('api-gateway')}/metrics") as response:
        page = await response.text()
    return sample(page, 'live_drill_unanswered_timestamp_seconds{drill_severity="critical"} ')


async def test_that_a_silence_keeps_back_fails_and_names_it(stack: RunningStack) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": "LiveDrill", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=5)).isoformat(),
        "createdBy": "tests",
        "comment": "for a test",
    }
    async with clients.http_session(total=30, site=stack.site) as session:
        url = f"{stack.url('alertmanager')}/api/v2/silences"
        async with session.post(url, json=body) as response:
            silence = (await response.json())["silenceID"]
        try:
            done = drill(stack, "--live")
        finally:
            await session.delete(f"{stack.url('alertmanager')}/api/v2/silence/{silence}")
    assert done.returncode == 1
    assert f"keeps it back, because of silence {silence}" in done.stdout
    assert history(stack)[0]["delivery"].startswith("failed: Alertmanager keeps it back")
    async with aiohttp.ClientSession() as session:
        assert await waiting(session, stack) == 0, "nobody can answer what nobody got"


REFUSED = {
    (): "say which alerts",
    ("--live", "ServiceDown", "HighErrorRate"): "a live drill is of one alert",
    ("--live", "NoSuchAlert"): "there is no alert called 'NoSuchAlert'",
    ("--live", "Watchdog"): "tells no person anything",
    ("--live", "ServiceDown", "--severity", "warning"): "ServiceDown is critical",
    ("--live", "--base-url", "ftp://x"): "no address that a link could begin with",
}


def test_refusals_are_for_people_and_leave_no_trace(stack: RunningStack) -> None:
    before = len(history(stack))
    for arguments, said in REFUSED.items():
        done = drill(stack, *arguments)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert len(history(stack)) == before


def test_a_link_that_recipients_cannot_open_is_refused(stack: RunningStack) -> None:
    """Where real people get it, and nobody said where they reach the gateway."""
    file = stack.data_dir / "notifications.yml"
    file.write_text("email: {smarthost: 'localhost:1', from: a@example.org, to: b@example.org}\n")
    try:
        done = drill(stack, "--live")
    finally:
        file.unlink()
    assert done.returncode == 1
    assert "open on this machine only" in done.stderr
    assert "drill: {base_url:" in done.stderr
