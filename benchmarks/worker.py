"""The workers' application on a slow phone: what it loads, and how soon it scans, answers and sends."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from playwright.async_api import Page, expect
from tests.e2e.browser import PATIENCE
from tests.e2e.phone import Phone, kept_phone

from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

# A processor as slow as that of a cheap phone, by the browser's own brake.
_SLOWED = 4
_OPENINGS, _SCANS, _QUEUED, _SINGLY = 5, 60, 5_000, 200
_PIECES = 100_000
_TURNS = 3
# As scanners send them.
_BETWEEN_KEYS = 0.01
# Between an answer and the next scan: less than anybody needs to take something and aim.
_BETWEEN_SCANS = 0.3
_READY = "() => document.querySelector('[data-line]') && document.querySelector('[data-scanner]')"
_SCRIPTS = """() => performance.getEntriesByType('resource')
  .filter(({name}) => name.endsWith('.js')).reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""
# Notes when the scanner's Enter was pressed: before the application, which keeps it to itself.
_LISTEN = """addEventListener('keydown', ({key, timeStamp}) => {
  if (key === 'Enter') window.pressed = timeStamp;
}, true)"""
# Waits in the page for the next answer, so that nobody asks the page for it meanwhile: how many milliseconds
# after Enter the frame with it was painted; null where the keys came too far apart to be a scanner's, as from
# a busy machine. A timer that is set in a frame comes behind its painting.
_NEXT_ANSWER = """() => new Promise((resolve) => {
  window.pressed = null;
  const watch = new MutationObserver((changes) => {
    const added = changes.flatMap(({addedNodes}) => [...addedNodes]);
    const answer = added.map((node) =>
      node.dataset?.kind ? node : node.querySelector?.('[data-kind]')).find(Boolean);
    if (!answer) return;
    watch.disconnect();
    const isWhole = pressed !== null && answer.dataset.kind === 'picked';
    const told = () => resolve(isWhole ? performance.now() - pressed : null);
    requestAnimationFrame(() => setTimeout(told));
  });
  watch.observe(document.body, { childList: true, subtree: true });
})"""
# Notes when the first operation of what is waited for was asked of the gateway, and gives the moment in which
# it has answered all and the screen says that nothing waits: before its first operation is drawn as one that
# waits the screen says so as well. Nobody asks the page meanwhile.
_WATCH_SENDING = """(() => {
  const { fetch } = window;
  let open = 0, look = () => {};
  window.fetch = (address, ...how) => {
    const answer = fetch(address, ...how);
    if (!/\\/api\\/scans?$/.test(String(address))) return answer;
    window.askedAt ??= performance.now();
    open += 1;
    const answered = () => { open -= 1; requestAnimationFrame(() => look()); };
    answer.then(answered, answered);
    return answer;
  };
  window.whenSent = () => new Promise((resolve) => {
    window.askedAt = null;
    look = () => {
      const said = document.querySelector('a[href$="/waiting"]')?.ariaLabel;
      if (window.askedAt === null || open || said !== 'Online') return;
      watch.disconnect();
      look = () => {};
      resolve(performance.now());
    };
    const watch = new MutationObserver(() => look());
    watch.observe(document.body, { attributes: true, childList: true, subtree: true });
  });
})()"""
# How many milliseconds the queue takes from when the browser says that the network is back, which Chromium
# does not say of one that was only pretended to be away when the page was opened.
_QUEUE_SENT = """() => {
  const began = performance.now(), sent = whenSent();
  dispatchEvent(new Event('online'));
  return sent.then((at) => at - began);
}"""
# How many milliseconds the next scan takes from its request until the screen says that it waits no more.
_ONE_SENT = "() => whenSent().then((at) => at - askedAt)"
# Waits until no operation is in the queue: what the screen says of it is drawn a moment later.
_ALL_SENT = """async () => {
  const asked = indexedDB.open('magacin-work');
  await new Promise((resolve) => { asked.onsuccess = resolve });
  for (let waiting = true; waiting;) {
    const counted = asked.result.transaction('queue').objectStore('queue').count();
    await new Promise((resolve) => { counted.onsuccess = resolve });
    waiting = counted.result > 0;
  }
  asked.result.close();
}"""
# Puts more of the same into a queue that holds one.
_FILL = """async (count) => {
  const asked = indexedDB.open('magacin-work');
  await new Promise((resolve) => { asked.onsuccess = resolve });
  const change = asked.result.transaction('queue', 'readwrite');
  const queue = change.objectStore('queue');
  const all = queue.getAll();
  await new Promise((resolve) => { all.onsuccess = resolve });
  const { seq, ...one } = all.result[0];
  for (let at = 1; at < count; at++) queue.add({ ...one, operation_id: crypto.randomUUID() });
  await new Promise((resolve) => { change.oncomplete = resolve });
  asked.result.close();
}"""


def measure(stack: BenchStack) -> list[Measurement]:
    """Work with it in a browser."""
    with TemporaryDirectory(prefix="magacin-bench-worker-") as folder:
        return asyncio.run(_measure(stack, Path(folder)))


async def _measure(stack: BenchStack, profile: Path) -> list[Measurement]:
    async with aiohttp.ClientSession(stack.gateway, raise_for_status=True) as session:
        headers = await stack.login(session)
        worker, password, sku = f"w{uuid.uuid4().hex[:8]}", uuid.uuid4().hex, f"SKU-{uuid.uuid4().hex[:6]}"

        async def ask(path: str, body: Any) -> Any:
            async with session.post(path, json=body, headers=headers) as response:
                return await response.json()

        await ask("/api/users", {"username": worker, "password": password, "role": "worker"})
        lines = [{"sku": sku, "quantity": _PIECES}]
        made = await ask("/api/requisitions", {"number": f"R-{sku}", "lines": lines})
        [task] = await ask("/api/tasks", {"requisition_ids": [made["requisition_id"]]})
        task_id = int(task["task_id"])
        await ask(f"/api/tasks/{task_id}/assign", {"workers": [worker, "admin"]})

        async def picked() -> int:
            async with session.get(f"/api/tasks/{task_id}", headers=headers) as response:
                return int((await response.json())["lines"][0]["picked"])

        queue, singly = [], []
        async with kept_phone(profile, stack.gateway) as phone:
            await phone.page.add_init_script(_LISTEN)
            await phone.page.add_init_script(_WATCH_SENDING)
            await phone.open()
            scripts = float(await phone.page.evaluate(_SCRIPTS))
            await phone.log_in(worker, password)
            await phone.installed()
            found = await _on_a_slow_phone(phone, task_id, sku)
            for _ in range(_TURNS):
                await phone.page.evaluate(_ALL_SENT)
                before = await picked()
                queue.append(await _send_queue(phone, task_id, sku))
                if (counted := await picked() - before) != _QUEUED:
                    raise SystemExit(f"{counted} scans were counted of {_QUEUED} that were sent.")
                singly += await _send_singly(phone, sku)
    sending = sorted(queue)[_TURNS // 2]
    one = sorted(singly)[len(singly) // 2]
    return [
        Measurement("JavaScript of the first load, compressed", scripts / 1000, "kB", at_most=100),
        *found,
        Measurement(f"{_QUEUED} queued scans are sent in", sending, "s", at_most=10),
        Measurement("a scan that is sent by itself", 1000 * one, "ms"),
        Measurement("rate of the queue, times that one by one", _QUEUED * one / sending, "", at_least=5),
    ]


async def _on_a_slow_phone(phone: Phone, task_id: int, sku: str) -> list[Measurement]:
    context = phone.page.context
    await phone.cdp.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWED})
    found = []
    for network, ready, answer in (("offline", 1.0, 50), ("online", 1.5, 100)):
        await context.set_offline(network == "offline")
        openings = [await _open(phone.page, task_id) for _ in range(_OPENINGS)]
        answers = sorted(await _answers(phone, sku))
        median, p95 = sorted(openings)[_OPENINGS // 2], answers[int(len(answers) * 0.95)]
        found += [
            Measurement(f"ready to scan, {network}", median, "s", at_most=ready),
            Measurement(f"answer of a scan, median, {network}", answers[len(answers) // 2], "ms"),
            Measurement(f"answer of a scan p95, {network}", p95, "ms", at_most=answer),
        ]
    await phone.sent()
    await phone.cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return found


async def _open(page: Page, task_id: int) -> float:
    await page.goto(f"/app/task/{task_id}", wait_until="commit")
    await page.wait_for_function(_READY, polling="raf")
    return float(await page.evaluate("performance.now()")) / 1000


async def _answers(phone: Phone, sku: str) -> list[float]:
    """Scan, and return after how many milliseconds each answer was on the screen."""
    found: list[float] = []
    while len(found) < _SCANS:
        await asyncio.sleep(_BETWEEN_SCANS)
        async with asyncio.timeout(PATIENCE / 1000):
            answer, _ = await asyncio.gather(
                phone.page.evaluate(_NEXT_ANSWER), phone.type_as_scanner(sku, every=_BETWEEN_KEYS)
            )
        if answer is not None:
            found.append(float(answer))
    return found


async def _send_queue(phone: Phone, task_id: int, sku: str) -> float:
    await phone.page.context.set_offline(True)
    await phone.open(f"task/{task_id}")
    await phone.scans(sku, "picked")
    await phone.page.evaluate(_FILL, _QUEUED)
    await phone.page.reload()
    await expect(phone.page.locator("[data-line]")).to_be_visible()
    await phone.page.context.set_offline(False)
    return float(await phone.page.evaluate(_QUEUE_SENT)) / 1000


async def _send_singly(phone: Phone, sku: str) -> list[float]:
    """Scan on the same phone, each when the one before was sent; return how many seconds each sending took.

    Only the sending is measured, as of the queue: the request, the answer, keeping it and showing it.
    """
    found: list[float] = []
    while len(found) < _SINGLY // _TURNS:
        async with asyncio.timeout(PATIENCE / 1000):
            took, _ = await asyncio.gather(phone.page.evaluate(_ONE_SENT), phone.type_as_scanner(sku))
        found.append(float(took) / 1000)
    return found
