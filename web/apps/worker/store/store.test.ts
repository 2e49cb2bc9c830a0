import { openDB } from "idb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BATCH } from "../sync/sender";
import type { Device } from "../testing/device";
import { SINCE, type TestGateway } from "../testing/gateway";
import { siteOfAna } from "../testing/site";
import { openIndexed } from "./indexed";
import { Memory } from "./memory";
import type { ConflictRecord, DoneRecord, NewRecord, PersonRecord, TasksRecord } from "./records";
import { RECORD_VERSION, understood } from "./records";
import { DONE_KEPT } from "./store";
import v1 from "./v1.fixture.json";

let gateway: TestGateway;
let device: Device;

beforeEach(async () => {
  ({ gateway, device } = await siteOfAna());
  gateway.tokens.set("r.kept", "ana");
});
afterEach(async () => {
  device.kill();
  await gateway.stop();
});

type Kept = Omit<typeof v1, "queue"> & { queue: ((typeof v1.queue)[number] & { v: number })[] };

/** Leave on the device what an application of that version would have. */
async function left(kept: Kept): Promise<void> {
  device.use();
  (await openIndexed()).close();
  const database = await openDB("magacin-work");
  const tx = database.transaction(
    ["people", "settings", "queue", "conflicts", "done", "pictures"],
    "readwrite",
  );
  for (const name of ["people", "queue", "conflicts", "done", "pictures"] as const) {
    for (const record of kept[name]) await tx.objectStore(name).put(record);
  }
  for (const [name, value] of Object.entries(kept.settings))
    await tx.objectStore("settings").put(value, name);
  await tx.done;
  database.close();
}

describe("what version 1 left", () => {
  test("is shown", async () => {
    await left(v1);
    const state = (await device.open()).work.state();
    expect(state.person).toEqual({ username: "ana", role: "worker" });
    expect(state.enrolled).toBe(true);
    expect(state.waiting).toEqual([{ owner: "ana", count: 4, since: 1764000100000 - 1500 }]);
    expect(state.conflicts).toMatchObject([{ code: "more_than_required", quantity: 4 }]);
    expect(state.taken_at).toBe(1764000000000);
    // One was sent; of what waits, two were taken back and three are short.
    expect(state.tasks[0]?.lines).toMatchObject([
      { sku: "A", picked: 1, short: 0 },
      { sku: "B", picked: 0, short: 3 },
    ]);
    expect(state.done.map((one) => [one.operation_id.slice(0, 1), one.state])).toEqual([
      ["3", "waiting"],
      ["2", "refused"],
      ["1", "undone"],
      ["6", "sent"],
    ]);
  });

  test("is sent, and counts as it was meant", async () => {
    await left(v1);
    const page = await device.open();
    await page.work.refresh();
    expect(page.work.state().waiting).toEqual([]);
    const sent = gateway.recorded.map(({ picked_at: _, ...one }) => one);
    expect(sent).toEqual(v1.queue.map((one) => ({ ...one.operation, operation_id: one.operation_id })));
    expect(gateway.tasks.get(1)?.lines).toMatchObject([
      { picked: 0, short: 0 },
      { picked: 0, short: 3 },
    ]);
    expect(page.work.state().conflicts).toHaveLength(1);
  });
});

describe("whoever has the name of somebody who was erased", () => {
  const since = (when: number) => ({ ...v1, settings: { ...v1.settings, since: { ana: when } } });

  test("is shown nothing of theirs, and sends nothing of theirs", async () => {
    await left(since(1_500_000_000));
    const page = await device.open();
    expect(page.work.state().waiting).toMatchObject([{ owner: "ana", count: 4 }]);
    await page.work.login("ana", "correct horse battery");
    await page.sent();
    expect(page.work.state()).toMatchObject({ waiting: [], conflicts: [], done: [], held: [] });
    expect(gateway.recorded).toEqual([]);
    device.kill();
    expect((await device.open()).work.state()).toMatchObject({ waiting: [], conflicts: [], done: [] });
  });

  test("is another one: who logs in again finds what they left", async () => {
    await left(since(SINCE));
    const page = await device.open();
    await page.work.login("ana", "correct horse battery");
    await page.sent();
    expect(gateway.recorded).toHaveLength(4);
    expect(page.work.state().conflicts).toHaveLength(1);
  });

  test("finds nothing where the browser keeps nothing, either", async () => {
    const store = new Memory();
    const [conflict, done] = [v1.conflicts[0], v1.done[0]] as [ConflictRecord, DoneRecord];
    const person = { ...v1.people[0], since: 1 } as PersonRecord;
    await store.putPerson(person);
    for (const record of v1.queue) await store.enqueue(record as NewRecord);
    const learn = (tasks: TasksRecord) => tasks;
    await store.settle({ owner: "ana", settled: [], done: [done], undone: [], conflicts: [conflict], learn });
    await store.putPerson(person);
    expect([(await store.queued("ana")).length, (await store.done("ana")).length]).toEqual([4, 1]);
    await store.putPerson({ ...person, since: 2 });
    expect(await Promise.all([store.queued("ana"), store.done("ana"), store.conflicts()])).toEqual([
      [],
      [],
      [],
    ]);
  });
});

test("what a newer version left is neither sent nor lost", async () => {
  const queue = v1.queue.map((one, at) => ({ ...one, v: at < 2 ? 1 : RECORD_VERSION + 1 }));
  await left({ ...v1, queue });
  const page = await device.open();
  await page.work.refresh();
  expect(gateway.recorded.map((one) => one.operation_id.slice(0, 1))).toEqual(["1", "2"]);
  expect(page.work.state().waiting).toMatchObject([{ owner: "ana", count: 2 }]);
  expect(page.work.state().troubles).toEqual(["newer_records"]);
  expect(understood({ v: RECORD_VERSION + 1 })).toBeNull();
});

test("of what was done, the latest is kept", async () => {
  gateway.addTask(2, ["ana"], [["C", 10_000]]);
  const page = await device.open();
  await page.work.login("ana", "correct horse battery");
  await page.until((state) => state.tasks.length > 0);
  for (let round = 0; round < 3; round++) {
    device.cut = true;
    for (let at = 0; at < 100; at++) await page.work.scan(2, "C");
    device.cut = false;
    await page.work.refresh();
    await page.sent();
  }
  const last = await page.work.scan(2, "C");
  await page.sent();
  device.kill();
  const { done } = (await device.open()).work.state();
  expect(done).toHaveLength(DONE_KEPT);
  expect(done.some((one) => one.operation_id === last.operation_id)).toBe(true);
});

test("what others that wait will push out of what is remembered is not written", async () => {
  gateway.addTask(2, ["ana"], [["C", 10_000]]);
  const written: string[] = [];
  device.store = (store) => {
    const settle = store.settle.bind(store);
    store.settle = (settlement) => {
      written.push(...settlement.done.map((one) => one.operation_id));
      return settle(settlement);
    };
    return store;
  };
  const page = await device.open();
  await page.work.login("ana", "correct horse battery");
  await page.until((state) => state.tasks.length > 0);
  device.cut = true;
  const answers = [];
  for (let at = 0; at < BATCH + DONE_KEPT; at++) answers.push(await page.work.scan(2, "C"));
  device.cut = false;
  await page.work.refresh();
  await page.sent();
  const latest = answers.slice(-DONE_KEPT).map((one) => one.operation_id);
  expect(written).toEqual(latest);
  device.kill();
  const { done } = (await device.open()).work.state();
  expect(done.map((one) => one.operation_id).sort()).toEqual(latest.sort());
});
