"""A part that is there and does nothing (SIGSTOP): everybody is answered meanwhile, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import RunningStack
from tests.e2e.traffic import IMPORT, LOGIN, READ, SCAN, Answer, traffic

pytestmark = pytest.mark.e2e


@contextmanager
def frozen(stack: RunningStack, part: str) -> Iterator[None]:
    """Stop the process of a part and all that it has started, for a while."""
    parent = psutil.Process(stack.status()[part]["pid"])
    processes = [parent, *parent.children(recursive=True)]
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in processes:
            process.resume()


def refused(to: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.to == to and answer.is_refusal


def done(to: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.to == to and answer.status in (200, 202)


@pytest.mark.parametrize(
    ("part", "meanwhile"),
    [
        ("task-service", [refused(SCAN), refused(READ), done(LOGIN)]),
        ("postgres", [refused(SCAN), refused(LOGIN)]),
        ("redis", [done(SCAN), done(LOGIN), done(READ)]),
        ("realtime-worker", [done(SCAN), done(LOGIN)]),
        ("import-service", [refused(IMPORT), done(SCAN), done(LOGIN)]),
    ],
)
async def test_everybody_is_answered_while_a_part_is_frozen(
    stack: RunningStack, part: str, meanwhile: list[Callable[[Answer], bool]]
) -> None:
    async with traffic(stack) as going:
        with frozen(stack, part):
            # These come one after the other while it stands still: nobody waits for it to go on.
            await going.seen_each(meanwhile)
        await going.seen(done(SCAN))
        await going.seen(done(LOGIN))
    assert not going.broken()
    scans = [answer for answer in going.answers if answer.to == SCAN and answer.is_refusal]
    assert all(answer.status == 503 and "the same operation_id" in answer.text for answer in scans)


@pytest.mark.parametrize(
    ("part", "address", "sentence"),
    [
        ("prometheus", "/targets", "Prometheus does not answer."),
        ("alertmanager", "/alerts", "Alertmanager does not answer."),
    ],
)
async def test_the_console_says_what_is_frozen(
    stack: RunningStack, page: Page, part: str, address: str, sentence: str
) -> None:
    trouble = page.get_by_role("alert").filter(has_text=sentence).first
    with frozen(stack, part):
        await page.goto(address)
        await expect(trouble).to_be_visible()
    await expect(trouble).to_be_hidden()
