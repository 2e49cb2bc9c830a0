import { afterEach, beforeEach, expect, test } from "vitest";
import { anaAtWork, type Device } from "../testing/device";
import type { TestGateway } from "../testing/gateway";
import { siteOfAna } from "../testing/site";
import type { WorkState } from "./work";

let gateway: TestGateway;
let device: Device;

beforeEach(async () => {
  ({ gateway, device } = await siteOfAna(["A", "B", "C"].map((sku) => [sku, 5])));
});
afterEach(async () => {
  device.kill();
  await gateway.stop();
});

/** The lines that are not the very objects that they were. */
function changed(before: WorkState, after: WorkState): string[] {
  const was = before.tasks[0]?.lines;
  return (after.tasks[0]?.lines ?? []).filter((line, at) => line !== was?.[at]).map(({ sku }) => sku);
}

test("after a scan only its line and what was done are other objects", async () => {
  const { work } = await anaAtWork(device);
  const before = work.state();
  await work.scan(1, "B");
  const after = work.state();
  expect(changed(before, after)).toEqual(["B"]);
  for (const part of ["person", "people", "pool", "articles", "conflicts", "troubles"] as const)
    expect(after[part], part).toBe(before[part]);
});

test("a scan is told of behind its answer; whoever looks before sees it", async () => {
  const { work } = await anaAtWork(device);
  const told: number[] = [];
  const picked = () => work.state().tasks[0]?.picked ?? 0;
  const wasTold = new Promise<void>((resolve) => {
    work.subscribe(() => {
      told.push(picked());
      resolve();
    });
  });
  await work.scan(1, "B");
  expect(told).toEqual([]);
  expect(picked()).toBe(1);
  await wasTold;
  expect(told[0]).toBe(1);
});

test("tasks that are read again as they were are the objects that they were", async () => {
  const page = await anaAtWork(device);
  await page.work.scan(1, "B");
  await page.sent();
  const before = page.work.state();
  await page.work.refresh();
  const after = page.work.state();
  expect(after.taken_at).not.toBe(before.taken_at);
  expect(changed(before, after)).toEqual([]);
});

test("a scan changes its line once: what the server says of it afterwards is known", async () => {
  const page = await anaAtWork(device);
  await page.work.scan(1, "B");
  const before = page.work.state();
  await page.sent();
  await page.work.refresh();
  expect(changed(before, page.work.state())).toEqual([]);
});
