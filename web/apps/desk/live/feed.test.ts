import type { Happening } from "kit/live/live";
import { beforeEach, describe, expect, test } from "vitest";
import { Feed, GATHERED_MS } from "./feed";

const event = (id: number, subject = "task:1"): Happening => ({
  id,
  source: "task-service",
  type: "task.changed",
  subject,
  data: {},
});

let waits: { what: () => void; ms: number }[];
let feed: Feed;
let told: number[][];
let missed: number;

beforeEach(() => {
  waits = [];
  told = [];
  missed = 0;
  feed = new Feed((what, ms) => waits.push({ what, ms }));
  feed.follow({
    happened: (events) => told.push(events.map(({ id }) => id)),
    missed: () => missed++,
  });
});

test("two hundred events are told at once, a moment after the first", () => {
  for (let id = 1; id <= 200; id++) feed.add(event(id, `task:${id % 7}`));
  expect(waits.map(({ ms }) => ms)).toEqual([GATHERED_MS]);
  expect(told).toEqual([]);
  waits[0]?.what();
  expect(told).toHaveLength(1);
  expect(told[0]).toHaveLength(200);
});

test("what was gathered is told at once, and each once", () => {
  feed.addAll([event(1), event(2)]);
  feed.addAll([event(2), event(3)]);
  expect(told).toEqual([[1, 2], [3]]);
  feed.addAll([event(3)]);
  expect(told).toHaveLength(2);
  expect(waits).toEqual([]);
});

test("an event that comes again, or late, is told once", () => {
  for (const id of [1, 2, 2, 1, 3]) feed.add(event(id));
  feed.add(event(1, "task:2"));
  waits[0]?.what();
  expect(told).toEqual([[1, 2, 3, 1]]);
});

describe("what is shown is read anew", () => {
  test("after a reconnection, and not for the first connection", () => {
    feed.connect(true);
    expect(missed).toBe(0);
    feed.connect(false);
    feed.connect(true);
    expect(missed).toBe(1);
  });

  test("once the first connection comes late", () => {
    feed.connect(false);
    feed.connect(true);
    expect(missed).toBe(1);
  });
});

test("what waited for somebody who left is not told", () => {
  feed.add(event(1));
  feed.forget();
  waits[0]?.what();
  expect(told).toEqual([]);
  feed.add(event(1));
  waits[1]?.what();
  expect(told).toEqual([[1]]);
});
