import { expect, test } from "vitest";
import { makeFrame } from "../model/frames";
import { keepWhatFailed } from "./use-panel-data";

const answer = (expr: string, failed: boolean, raw = { from: "now-1h", to: "now" }) => ({
  frames: failed ? [] : [makeFrame([], { refId: "A" })],
  range: { from: 0, to: 1000 },
  traces: [
    {
      refId: "A",
      expr,
      instant: false,
      range: { from: 0, to: 1000 },
      step: 1000,
      milliseconds: 1,
      series: 1,
      error: failed ? "Prometheus is away." : null,
      temporary: failed,
    },
  ],
  notices: [],
  raw,
});

test("what was answered before stays while nobody answers", () =>
  expect(keepWhatFailed(answer("up", false), answer("up", true)).frames).toHaveLength(1));

test("but not under another question", () =>
  expect(keepWhatFailed(answer('up{a="1"}', false), answer('up{a="2"}', true)).frames).toEqual([]));

test("nor for another time", () => {
  const other = { from: "now-6h", to: "now" };
  expect(keepWhatFailed(answer("up", false), answer("up", true, other)).frames).toEqual([]);
});
