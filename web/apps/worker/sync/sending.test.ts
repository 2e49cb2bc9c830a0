import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { anaAtWork, type Device } from "../testing/device";
import {
  cutAfter,
  cutBefore,
  FAULTS,
  page as htmlPage,
  redirection,
  type TestGateway,
  unavailable,
} from "../testing/gateway";
import { siteOfAna } from "../testing/site";
import type { ScanAnswer } from "../work/work";

let gateway: TestGateway;
let device: Device;

beforeEach(async () => {
  ({ gateway, device } = await siteOfAna());
});
afterEach(async () => {
  device.kill();
  await gateway.stop();
});

const atWork = () => anaAtWork(device);

const operations = () => gateway.recorded.map((one) => one.operation_id);
const ids = (answers: ScanAnswer[]) => answers.map((one) => one.operation_id);

describe("a scan", () => {
  test("is answered by the device, and counted by the server once", async () => {
    const page = await atWork();
    const { work } = page;
    const answer = await work.scan(1, "A");
    expect(answer).toMatchObject({ outcome: "picked", sku: "A", picked: 1, required: 5, line_id: 1000 });
    expect(work.state().tasks[0]?.lines[0]?.picked).toBe(1);
    await page.sent();
    expect(operations()).toEqual([answer.operation_id]);
    expect(gateway.asked("/api/scan")).toBe(1);
    expect(work.state().done[0]).toMatchObject({ operation_id: answer.operation_id, state: "sent" });
  });

  test("is in the queue before it is answered", async () => {
    const page = await atWork();
    device.cut = true;
    const answer = await page.work.scan(1, "A");
    device.kill();
    const after = await device.open();
    expect(after.work.state().waiting).toMatchObject([{ owner: "ana", count: 1 }]);
    expect(after.work.state().done).toMatchObject([{ operation_id: answer.operation_id, state: "waiting" }]);
    expect(after.work.state().tasks[0]?.lines[0]?.picked).toBe(1);
  });

  test("that completes a line and a task says so", async () => {
    const { work } = await atWork();
    expect((await work.scan(1, "A", { quantity: 5 })).outcome).toBe("line_complete");
    expect((await work.scan(1, "B", { quantity: 3 })).outcome).toBe("task_complete");
  });

  test("that the device refuses is sent, and never counts", async () => {
    const page = await atWork();
    device.cut = true;
    const refused = await page.work.scan(1, "A", { quantity: 6 });
    expect(refused.outcome).toBe("more_than_required");
    // By the time it is sent there would be room for it.
    const line = gateway.tasks.get(1)?.lines[0];
    if (line) line.required = 10;
    device.cut = false;
    await page.work.refresh();
    await page.sent();
    expect(gateway.recorded).toMatchObject([{ refused_as: "more_than_required" }]);
    expect(gateway.picked(1)).toBe(0);
    expect(page.work.state().conflicts).toEqual([]);
    expect(page.work.state().done).toMatchObject([{ state: "refused" }]);
  });

  test("that only the server refuses is a conflict until it was seen", async () => {
    const page = await atWork();
    device.cut = true;
    const answer = await page.work.scan(1, "A", { quantity: 5 });
    const line = gateway.tasks.get(1)?.lines[0];
    if (line) line.picked = 1;
    device.cut = false;
    await page.work.refresh();
    const [conflict] = page.work.state().conflicts;
    expect(conflict).toMatchObject({
      operation_id: answer.operation_id,
      owner: "ana",
      kind: "scan",
      task_id: 1,
      sku: "A",
      quantity: 5,
      code: "more_than_required",
    });
    expect(page.work.state().tasks[0]?.lines[0]?.picked).toBe(1);
    if (conflict) await page.work.seen(conflict);
    device.kill();
    expect((await device.open()).work.state().conflicts).toEqual([]);
  });

  test("of a badge is not kept as it is", async () => {
    const page = await atWork();
    const badge = "MGB1ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const answer = await page.work.scan(1, badge);
    await page.sent();
    expect(answer.code).not.toContain("ABCDEF");
    expect(JSON.stringify(gateway.requests)).not.toContain("ABCDEF");
  });
});

describe("what waits", () => {
  test("is sent in its order, many at once", async () => {
    const page = await atWork();
    device.cut = true;
    const answers = [];
    for (let at = 0; at < 5; at++) answers.push(await page.work.scan(1, "A"));
    device.cut = false;
    await page.work.refresh();
    expect(operations()).toEqual(ids(answers));
    expect(gateway.asked("/api/scans")).toBe(1);
    expect(gateway.asked("/api/scan")).toBe(0);
  });

  test.each(FAULTS.map((fault, at) => [at, fault] as const))(
    "is sent again after fault %i, and counted once",
    async (_, fault) => {
      const page = await atWork();
      gateway.next("/api/scan", fault);
      gateway.next("/api/scan", fault);
      const answer = await page.work.scan(1, "A");
      await page.sent();
      expect(operations()).toEqual([answer.operation_id]);
      expect(gateway.picked(1)).toBe(1);
      await page.work.refresh();
      expect(page.work.state().tasks[0]?.lines[0]?.picked).toBe(1);
      expect(page.work.state().conflicts).toEqual([]);
    },
  );

  test("and was sent without an answer is not counted twice on the screen", async () => {
    const page = await atWork();
    const { fault, reached } = held();
    gateway.next("/api/scan", fault);
    await page.work.scan(1, "A");
    await reached;
    device.kill();
    const after = await device.open();
    const shown: number[] = [];
    after.work.subscribe(() => shown.push(after.work.state().tasks[0]?.lines[0]?.picked ?? -1));
    await after.work.refresh();
    expect(new Set(shown)).toEqual(new Set([1]));
    expect(gateway.picked(1)).toBe(1);
  });

  test("is found one by one where one of a batch is not what the server takes", async () => {
    const page = await atWork();
    gateway.malformed.add("A!");
    device.cut = true;
    const good = [await page.work.scan(1, "A"), await page.work.scan(1, "A")];
    await page.work.scan(1, "A!");
    good.push(await page.work.scan(1, "B"));
    device.cut = false;
    await page.work.refresh();
    expect(operations()).toEqual(ids(good));
    expect(page.work.state().waiting).toEqual([]);
  });

  test("stays where the server breaks on it, and holds nobody else's up", async () => {
    device.tempo = { ...device.tempo, tries: 1_000 };
    const page = await atWork();
    device.cut = true;
    const first = await page.work.scan(1, "A");
    const second = await page.work.scan(1, "B");
    await page.work.undo(first.operation_id);
    gateway.broken.add(first.operation_id);
    device.cut = false;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "dependency_unavailable" });
    expect(operations()).toContain(second.operation_id);
    expect(page.work.state().troubles).toContain("server_error");
    gateway.broken.clear();
    await page.sent();
    expect(gateway.picked(1)).toBe(1);
    expect(page.work.state().conflicts).toEqual([]);
  });

  test("for which the server has no place yet waits, and that is said", async () => {
    device.tempo = { ...device.tempo, first: 60_000, longest: 60_000 };
    const page = await atWork();
    gateway.next("/api/scan", ({ response }) => {
      const body = { error: { code: "not_found", message: "Not Found" } };
      response.writeHead(404, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
    const { operation_id } = await page.work.scan(1, "A");
    await page.until((state) => state.troubles.includes("server_error"));
    expect(page.work.state().waiting).toMatchObject([{ owner: "ana", count: 1 }]);
    // The first may still be of the sending that failed.
    await page.work.refresh().catch(() => {});
    await page.work.refresh();
    expect(operations()).toEqual([operation_id]);
    expect(page.work.state().troubles).not.toContain("server_error");
  });

  test("on which the server breaks for good does not keep others' on the device", async () => {
    device.tempo = { ...device.tempo, tries: 1_000 };
    gateway.addTask(2, ["boris"], [["B", 3]]);
    const page = await atWork();
    await page.work.login("boris", "correct horse battery");
    device.cut = true;
    const theirs = await page.work.scan(2, "B");
    await page.work.change("ana");
    const mine = await page.work.scan(1, "A");
    gateway.broken.add(mine.operation_id);
    // No sending that began before is under way any more.
    await expect(page.work.sender.run()).rejects.toMatchObject({ code: "offline" });
    device.cut = false;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "dependency_unavailable" });
    expect(operations()).toContain(theirs.operation_id);
    expect(page.work.state().waiting).toMatchObject([{ owner: "ana", count: 1 }]);
  });
});

describe("an operation on which the server breaks again and again", () => {
  /** Has the server break on a scan of A, between two of B, until it is set aside. */
  async function setAside() {
    const page = await atWork();
    device.cut = true;
    const before = await page.work.scan(1, "B");
    const broken = await page.work.scan(1, "A", { quantity: 2 });
    gateway.broken.add(broken.operation_id);
    const after = await page.work.scan(1, "B");
    device.cut = false;
    await page.work.refresh().catch(() => {});
    await page.until((state) => state.conflicts.length > 0);
    return { page, broken, others: [before, after] };
  }

  test("is set aside: the rest is sent, and the tasks are read", async () => {
    const { page, broken, others } = await setAside();
    expect(operations()).toEqual(ids(others));
    const { conflicts, waiting, held, tasks } = page.work.state();
    expect(conflicts).toMatchObject([{ code: "set_aside", operation_id: broken.operation_id, quantity: 2 }]);
    expect(waiting).toEqual([]);
    expect(held).toMatchObject([{ owner: "ana", count: 1 }]);
    // It does not count so far, and is not shown as if it did.
    expect(tasks[0]?.lines.map((one) => one.picked)).toEqual([0, 2]);
    gateway.addTask(2, ["ana"], [["C", 1]]);
    await page.work.refresh();
    expect(page.work.state().tasks).toHaveLength(2);
  });

  test("is kept by the device, and counts once when it is sent again", async () => {
    const { broken, others } = await setAside();
    device.kill();
    const { work } = await device.open();
    expect(work.state().conflicts).toHaveLength(1);
    gateway.broken.clear();
    await work.sendAgain();
    await work.refresh();
    expect(operations()).toEqual([...ids(others), broken.operation_id]);
    expect(work.state()).toMatchObject({ conflicts: [], waiting: [], held: [] });
    expect(work.state().tasks[0]?.lines[0]?.picked).toBe(2);
    expect(work.state().done.map((one) => one.state)).toEqual(["sent", "sent", "sent"]);
  });

  test.each([1, 500])("keeps what takes it back with it, where %i are sent at once", async (most) => {
    device.tempo = { ...device.tempo, tries: 1 };
    device.store = (store) =>
      Object.assign(Object.create(store), { queued: (owner: string) => store.queued(owner, most) });
    const page = await atWork();
    device.cut = true;
    const { operation_id } = await page.work.scan(1, "A");
    await page.work.undo(operation_id);
    gateway.broken.add(operation_id);
    device.cut = false;
    await page.work.refresh().catch(() => {});
    await page.until((state) => state.conflicts.length === 2);
    expect(gateway.recorded).toEqual([]);
    gateway.broken.clear();
    await page.work.sendAgain();
    await page.sent();
    expect(gateway.recorded.map((one) => one.kind ?? "scan")).toEqual(["scan", "undo"]);
    expect(gateway.picked(1)).toBe(0);
    expect(page.work.state().conflicts).toEqual([]);
  });

  test("is handed in by a supervisor, once the server takes it", async () => {
    const { page, broken } = await setAside();
    await page.work.login("boss", "correct horse battery");
    gateway.broken.clear();
    await page.work.handIn("ana");
    expect(gateway.handedIn.get(broken.operation_id)).toBe("boss");
    expect(page.work.state()).toMatchObject({ conflicts: [], held: [] });
  });

  test("is found where all that is sent with it fails", async () => {
    const page = await atWork();
    device.cut = true;
    const answers = [];
    for (const sku of ["A", "B", "A", "B"]) answers.push(await page.work.scan(1, sku));
    const [first, broken] = answers;
    gateway.always = (meets) => {
      const sent = JSON.stringify(gateway.requests.at(-1)?.body);
      const [status, body] = sent.includes(broken?.operation_id ?? "") ? internalError : meets.done();
      meets.response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    device.cut = false;
    await page.work.refresh().catch(() => {});
    await page.until((state) => state.conflicts.length > 0 && state.waiting.length === 0);
    expect(page.work.state().conflicts).toMatchObject([{ operation_id: broken?.operation_id }]);
    expect(operations()).toEqual([first, answers[2], answers[3]].map((one) => one?.operation_id));
  });

  test("does not make what was done with a task look as if it was not", async () => {
    device.tempo = { ...device.tempo, tries: 1_000 };
    gateway.addTask(3, ["ana"], [["C", 0]]);
    const page = await atWork();
    device.cut = true;
    const { operation_id } = await page.work.scan(1, "A");
    gateway.broken.add(operation_id);
    device.cut = false;
    await page.work.complete(3);
    expect(gateway.tasks.get(3)?.status).toBe("completed");
    expect(page.work.state().tasks.find((one) => one.task_id === 3)?.status).toBe("completed");
    expect(page.work.state().waiting).toMatchObject([{ count: 1 }]);
  });

  test("that is an outage is no reason to set anything aside", async () => {
    device.tempo = { ...device.tempo, tries: 1 };
    const page = await atWork();
    for (let at = 0; at < 3; at++) gateway.next("/api/scan", unavailable);
    await page.work.scan(1, "A");
    await page.sent();
    expect(page.work.state().conflicts).toEqual([]);
    expect(gateway.picked(1)).toBe(1);
  });
});

const internalError: [number, unknown] = [
  500,
  { error: { code: "internal_error", message: "A fault of ours.", details: {} } },
];

/** A fault that does what was asked, and never answers; tells when it was reached. */
function held() {
  let tell: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    reached,
    fault: ({ done }: { done: () => unknown }) => {
      done();
      tell();
    },
  };
}

describe("the tasks", () => {
  test("are not taken for fresh because the clock was set back", async () => {
    device.tempo = { ...device.tempo, fresh: 60_000 };
    const page = await atWork();
    await page.work.refresh();
    const before = gateway.asked("/api/picking");
    await page.work.sender.run();
    expect(gateway.asked("/api/picking")).toBe(before);
    device.wrongBy = -86_400_000;
    await page.work.sender.run();
    expect(gateway.asked("/api/picking")).toBe(before + 1);
  });

  test("are read again where they change while they are read", async () => {
    device.tempo = { ...device.tempo, fresh: 1_000_000 };
    const { work } = await atWork();
    let answerNow = () => {};
    const isAsked = new Promise<void>((asked) =>
      gateway.next("/api/picking", async ({ done, response }) => {
        const [status, body] = done();
        asked();
        await new Promise<void>((resolve) => (answerNow = resolve));
        response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
      }),
    );
    const first = work.refresh();
    await isAsked;
    gateway.addTask(2, ["ana"], [["A", 1]]);
    const second = work.refresh();
    answerNow();
    await Promise.all([first, second]);
    expect(work.state().tasks.map((task) => task.task_id)).toEqual([1, 2]);
  });
});

describe("taking back", () => {
  test("goes for what waits, and for what was sent", async () => {
    const page = await atWork();
    const sent = await page.work.scan(1, "A", { quantity: 2 });
    await page.sent();
    device.cut = true;
    const waiting = await page.work.scan(1, "B");
    await page.work.undo(waiting.operation_id);
    await page.work.undo(sent.operation_id);
    expect(page.work.state().tasks[0]).toMatchObject({ picked: 0 });
    expect(page.work.state().done.map((one) => one.state)).toEqual(["undone", "undone"]);
    await expect(page.work.undo(sent.operation_id)).rejects.toMatchObject({ code: "already_undone" });
    device.cut = false;
    await page.work.refresh();
    expect(gateway.picked(1)).toBe(0);
    expect(gateway.undone.size).toBe(2);
    expect(page.work.state().done.map((one) => one.state)).toEqual(["undone", "undone"]);
  });

  test("of what the server refused meanwhile is no second conflict", async () => {
    const page = await atWork();
    device.cut = true;
    const answer = await page.work.scan(1, "A", { quantity: 5 });
    await page.work.undo(answer.operation_id);
    const line = gateway.tasks.get(1)?.lines[0];
    if (line) line.picked = 1;
    device.cut = false;
    await page.work.refresh();
    expect(page.work.state().conflicts).toMatchObject([{ code: "more_than_required", kind: "scan" }]);
  });
});

describe("a shortage", () => {
  test("counts, and can be taken back", async () => {
    const page = await atWork();
    await page.work.short(1, 1001, 3, "not_found", "");
    expect(page.work.state().tasks[0]?.lines[1]).toMatchObject({ short: 3 });
    await page.sent();
    expect(gateway.tasks.get(1)?.lines[1]?.short).toBe(3);
    const [done] = page.work.state().done;
    expect(done).toMatchObject({ kind: "shortage", outcome: "not_found", state: "sent" });
    await page.work.undo(done?.operation_id ?? "");
    await page.sent();
    expect(gateway.tasks.get(1)?.lines[1]?.short).toBe(0);
  });

  test("of more than is left is not done at all", async () => {
    const page = await atWork();
    await expect(page.work.short(1, 1001, 4, "damaged", "")).rejects.toMatchObject({
      code: "more_than_required",
    });
    expect(page.work.state().waiting).toEqual([]);
    expect(page.work.state().tasks[0]?.lines[1]).toMatchObject({ short: 0 });
  });
});

describe("the network", () => {
  test("is there when the gateway answers, whatever else does", async () => {
    const page = await atWork();
    expect(page.work.state()).toMatchObject({ online: true, troubles: [] });
    gateway.always = htmlPage;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "proxy_page" });
    expect(page.work.state()).toMatchObject({ online: false, troubles: ["proxy_page"] });
    gateway.always = redirection;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "proxy_page" });
    gateway.always = unavailable;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "dependency_unavailable" });
    expect(page.work.state()).toMatchObject({ online: true, troubles: ["server_error"] });
    gateway.always = cutBefore;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "offline" });
    expect(page.work.state()).toMatchObject({ online: false });
    gateway.always = null;
    await page.work.refresh();
    expect(page.work.state()).toMatchObject({ online: true, troubles: [] });
  });

  test("may answer after we have stopped waiting", async () => {
    device.tempo = { ...device.tempo, single: 20 };
    const page = await atWork();
    const { fault, reached } = held();
    gateway.next("/api/scan", fault);
    const slow = page.until((state) => state.troubles.includes("slow_network"));
    const answer = await page.work.scan(1, "A");
    await reached;
    await slow;
    await page.sent();
    expect(operations()).toEqual([answer.operation_id]);
    expect(page.work.state().troubles).toEqual([]);
  });

  test("may break after the server did what was asked", async () => {
    const page = await atWork();
    gateway.next("/api/scan", cutAfter);
    await page.work.scan(1, "A");
    await page.sent();
    expect(gateway.picked(1)).toBe(1);
    expect(gateway.asked("/api/scan")).toBe(2);
  });
});

test("picked_at is by the right clock, and never after now", async () => {
  device.wrongBy = 3_600_000;
  const page = await atWork();
  const before = Date.now();
  await page.work.scan(1, "A");
  await page.sent();
  const at = Date.parse(gateway.recorded[0]?.picked_at ?? "");
  expect(Math.abs(at - before)).toBeLessThan(5_000);
  expect(Math.abs(page.work.now() - Date.now())).toBeLessThan(5_000);
});

test("5,000 operations are sent in few transactions", async () => {
  // Without a try to send after each of them.
  device.tempo = { ...device.tempo, first: 60_000, longest: 60_000 };
  gateway.addTask(2, ["ana"], [["C", 100_000]]);
  const page = await atWork();
  device.cut = true;
  for (let at = 0; at < 5_000; at++) await page.work.scan(2, "C");
  let settled = 0;
  device.kill();
  device.store = (store) => {
    const settle = store.settle.bind(store);
    store.settle = (result) => {
      settled++;
      return settle(result);
    };
    return store;
  };
  device.cut = false;
  const after = await device.open();
  await after.work.refresh();
  expect(after.work.state().waiting).toEqual([]);
  expect(gateway.picked(2)).toBe(5_000);
  expect(settled).toBeLessThanOrEqual(10);
}, 60_000);
