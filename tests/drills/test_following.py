"""A drill takes for its proof only what came of its own fault, and a link only when it opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from magacin.contracts.inbox import MessageDetail, MessageKind
from magacin.drills.drill import Proof
from magacin.drills.expected import TOLD
from magacin.drills.following import Follower, StageFailed
from magacin.drills.observer import Observer, SentAlert
from magacin.drills.timing import Timing
from magacin.stack import secrets
from magacin.stack.paths import DataDir
from magacin.stack.site import Site

PROOF = Proof(alert="ServiceDown", severity="critical", service="import-service", signal="up == 0")
LABELS = {"alertname": PROOF.alert, "severity": PROOF.severity, "service": PROOF.service}
SENT = SentAlert(PROOF.alert, LABELS, "active", (), ("critical",))
NOBODY = "http://127.0.0.1:9"


def message(kind: MessageKind, runbooks: str) -> MessageDetail:
    """Return a message as it came this moment."""
    told = TOLD["critical"]
    return MessageDetail(
        id=1,
        kind=kind,
        received_at=datetime.now(UTC),
        sender="magacin@magacin.invalid",
        recipients=[told.recipient if kind is MessageKind.EMAIL else told.channel],
        subject=f"[CRITICAL] {PROOF.alert}: {PROOF.service}",
        size=1,
        headers={},
        text=f"Runbook: {runbooks}/user/{PROOF.alert}.md",
        html="",
        alert=PROOF.alert,
        service=PROOF.service,
        severity=PROOF.severity,
        status="firing",
    )


@pytest.fixture
async def observer(tmp_path: Path) -> AsyncIterator[Observer]:
    data = DataDir(tmp_path)
    async with aiohttp.ClientSession() as session:
        yield Observer(Site(data, secrets.Secrets(data.secrets), 0), session)


@pytest.fixture
async def runbooks() -> AsyncIterator[str]:
    """Serve runbooks, and return where."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"# {request.match_info['name']}")

    app = web.Application()
    app.router.add_get("/user/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def follower(observer: Observer) -> Follower:
    waits = dict.fromkeys(("group_wait", "group_interval", "repeat_interval"), "10ms")
    timing = Timing(20, 0.01, 0.01, 0.01, {}, waits, patience=0.3)
    return Follower(observer, timing, PROOF, lambda *_: None)


async def seen(observer: Observer, *messages: MessageDetail, sent: bool) -> None:
    """Show the follower what there is now."""
    observer.view.sent = [SENT] if sent else []
    observer.view.messages = [*observer.view.messages, *messages]
    await observer._tell()


def both(runbooks: str) -> list[MessageDetail]:
    return [message(kind, runbooks) for kind in (MessageKind.EMAIL, MessageKind.SLACK)]


async def test_what_came_before_it_was_quiet_proves_nothing(
    observer: Observer, follower: Follower, runbooks: str
) -> None:
    await seen(observer, sent=True)
    quiet = asyncio.create_task(follower.quiet())
    await asyncio.sleep(0)
    await seen(observer, *both(runbooks), sent=False)
    await quiet
    follower.fault_is_there()
    await seen(observer, sent=True)
    with pytest.raises(StageFailed, match=r"email|Slack"):
        await follower.until_told()
    assert "in the inbox" in follower.result.stages[-1].seen


async def test_what_comes_of_the_fault_does(observer: Observer, follower: Follower, runbooks: str) -> None:
    await follower.quiet()
    follower.fault_is_there()
    await seen(observer, *both(runbooks), sent=True)
    await follower.until_told()
    assert [stage.name for stage in follower.result.stages] == ["Alertmanager has it", "email", "Slack"]
    assert all(stage.verdict != "failed" for stage in follower.result.stages)


async def test_a_metric_that_was_not_scraped_is_not_blamed(observer: Observer, follower: Follower) -> None:
    """Of Prometheus there are two answers here: what the drill waits for, and when it last scraped."""

    async def answer(request: web.Request) -> web.Response:
        late = {"metric": {"job": "task-service"}, "value": [0, "14.2"]}
        found = [late] if "timestamp(up)" in request.query["query"] else []
        return web.json_response({"data": {"resultType": "vector", "result": found}})

    app = web.Application()
    app.router.add_get("/api/v1/query", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    observer.prometheus = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with pytest.raises(StageFailed):
        await follower.until_firing()
    await runner.cleanup()
    assert (
        "has no value; Prometheus has not scraped task-service for 14 s." in follower.result.stages[-1].seen
    )


async def test_a_link_that_nobody_answers_fails(observer: Observer, follower: Follower) -> None:
    await follower.quiet()
    follower.fault_is_there()
    await seen(observer, *both(NOBODY), sent=True)
    with pytest.raises(StageFailed):
        await follower.until_told()
    assert f"{NOBODY}/user/{PROOF.alert}.md cannot be opened" in follower.result.stages[-1].seen
