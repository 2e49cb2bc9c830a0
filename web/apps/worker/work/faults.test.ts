import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../store/store";
import { anaAtWork, type Device } from "../testing/device";
import { cutAfter, cutBefore, type TestGateway } from "../testing/gateway";
import { siteOfAna } from "../testing/site";

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

const isFull = () => Promise.reject(new DOMException("There is no room.", "QuotaExceededError"));

/** A device whose storage can be full: for what is enqueued, or for what came of it. */
function fillable() {
  const full = { enqueue: false, settle: false };
  device.store = (store: Store) => {
    const { enqueue, settle } = { enqueue: store.enqueue.bind(store), settle: store.settle.bind(store) };
    store.enqueue = (record) => (full.enqueue ? isFull() : enqueue(record));
    store.settle = (result) => (full.settle && result.done.length ? isFull() : settle(result));
    return store;
  };
  return full;
}

describe("storage that is full", () => {
  test("has no scan counted that it could not keep", async () => {
    const full = fillable();
    const page = await atWork();
    full.enqueue = true;
    await expect(page.work.scan(1, "A")).rejects.toMatchObject({ code: "storage_full" });
    await expect(page.work.short(1, 1001, 1, "damaged", "")).rejects.toMatchObject({ code: "storage_full" });
    expect(page.work.state()).toMatchObject({ troubles: ["storage_full"], waiting: [] });
    expect(page.work.state().tasks[0]).toMatchObject({ picked: 0, short: 0 });
    // What is refused takes nothing from the shelf: that is still said.
    expect((await page.work.scan(1, "Z")).outcome).not.toBe("picked");
    full.enqueue = false;
    expect((await page.work.scan(1, "A")).picked).toBe(1);
    expect(page.work.state().troubles).toEqual([]);
    await page.sent();
    expect(gateway.picked(1)).toBe(1);
  });

  test("keeps of the answers what nobody else has", async () => {
    const full = fillable();
    const page = await atWork();
    device.cut = true;
    await page.work.scan(1, "A", { quantity: 5 });
    await page.work.scan(1, "B");
    const line = gateway.tasks.get(1)?.lines[0];
    if (line) line.picked = 1;
    full.settle = true;
    device.cut = false;
    await page.work.refresh();
    device.kill();
    const { conflicts, waiting } = (await device.open()).work.state();
    expect(conflicts).toMatchObject([{ code: "more_than_required" }]);
    expect(waiting).toEqual([]);
  });
});

describe("a device that keeps nothing", () => {
  beforeEach(() => {
    device.keepsNothing = true;
  });

  test("says so, and has the server answer", async () => {
    const page = await atWork();
    expect(page.work.state().troubles).toEqual(["no_storage"]);
    const answer = await page.work.scan(1, "A", { quantity: 2 });
    expect(answer).toMatchObject({ outcome: "picked", picked: 2, sku: "A" });
    expect(gateway.picked(1)).toBe(2);
    await page.work.undo(answer.operation_id);
    expect(gateway.picked(1)).toBe(0);
  });

  test("answers what the server refused as that did, and with no conflict", async () => {
    const page = await atWork();
    const line = gateway.tasks.get(1)?.lines[0];
    if (line) line.picked = 1;
    const answer = await page.work.scan(1, "A", { quantity: 5 });
    expect(answer).toMatchObject({ outcome: "more_than_required" });
    expect(page.work.state().conflicts).toEqual([]);
    await expect(page.work.short(1, 1001, 9, "damaged", "")).rejects.toMatchObject({
      code: "more_than_required",
    });
  });

  test("does nothing more before it knows what became of the last", async () => {
    device.tempo = { ...device.tempo, first: 60_000, longest: 60_000 };
    const page = await atWork();
    gateway.always = cutAfter;
    await expect(page.work.scan(1, "A")).rejects.toMatchObject({ code: "offline" });
    gateway.always = cutBefore;
    await expect(page.work.scan(1, "A")).rejects.toMatchObject({ code: "still_sending" });
    gateway.always = null;
    await page.work.refresh();
    expect(gateway.picked(1)).toBe(1);
    expect((await page.work.scan(1, "A")).picked).toBe(2);
  });
});

describe("two tabs", () => {
  test("send each operation once, and show the same", async () => {
    const one = await atWork();
    const other = await device.open();
    device.cut = true;
    await one.work.scan(1, "A");
    await other.until((state) => state.tasks[0]?.picked === 1);
    await other.work.scan(1, "A");
    await one.until((state) => state.tasks[0]?.picked === 2);
    device.cut = false;
    await Promise.all([one.work.refresh(), other.work.refresh()]);
    await Promise.all([one.sent(), other.sent()]);
    const sent = gateway.requests.flatMap((request) =>
      request.path === "/api/scans" ? (request.body as { operations: object[] }).operations : [],
    );
    expect(sent).toHaveLength(2);
    expect(gateway.picked(1)).toBe(2);
  });

  test("follow each other's logins", async () => {
    const one = await atWork();
    const other = await device.open();
    await one.work.logout();
    await other.until((state) => state.person === null);
  });

  test("follow a change of hands, whatever else is said with it", async () => {
    const one = await atWork();
    const other = await device.open();
    await one.work.login("boris", "correct horse battery");
    await other.until((state) => state.person?.username === "boris");
  });
});

describe("a task", () => {
  test("is completed after what was picked for it was sent", async () => {
    const page = await atWork();
    device.cut = true;
    await page.work.scan(1, "A", { quantity: 5 });
    await expect(page.work.complete(1)).rejects.toMatchObject({ code: "offline" });
    device.cut = false;
    await expect(page.work.complete(1)).rejects.toMatchObject({ code: "lines_remaining" });
    await page.work.short(1, 1001, 3, "not_found", "");
    await page.work.complete(1);
    expect(gateway.tasks.get(1)?.status).toBe("completed");
  });

  test("that was taken away makes a conflict of what was picked for it", async () => {
    const page = await atWork();
    device.cut = true;
    await page.work.scan(1, "A");
    const task = gateway.tasks.get(1);
    if (task) task.workers = ["boris"];
    device.cut = false;
    await page.work.refresh();
    expect(page.work.state().conflicts).toMatchObject([{ code: "not_your_task" }]);
    expect(page.work.state().tasks).toEqual([]);
    expect(gateway.picked(1)).toBe(0);
  });
});
