import { expect, test } from "vitest";
import type { TaskLine } from "../work/work";
import { matches } from "./search";

const LINE: TaskLine = {
  line_id: 1,
  requisition_line_id: 1,
  requisition_id: 1,
  sku: "SC-PEN",
  description: "Šraf Đorđe, žuti 4×40",
  required: 4,
  picked: 0,
  short: 0,
  location: "A-03-12",
  zone: null,
  aisle: "3",
  tote: "T7",
};

test.each(["", "  ", "pen", "sraf", "ŠRAF zuti", "a-03", "t7 pen", "djordje"])(
  "%j finds the line",
  (wanted) => {
    expect(matches(LINE, wanted)).toBe(true);
  },
);

test.each(["ink", "pen ink", "A-04"])("%j does not", (wanted) => {
  expect(matches(LINE, wanted)).toBe(false);
});
