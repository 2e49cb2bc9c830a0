import { describe, expect, test } from "vitest";
import type { Pack } from "../work/work";
import { inPacks } from "./packs";

const EACH: Pack = { code: "05012345678900", pieces: 1, level: "each" };
const INNER: Pack = { code: "15012345678907", pieces: 6, level: "inner" };
const CASE: Pack = { code: "25012345678904", pieces: 12, level: "case" };
const PALLET: Pack = { code: "35012345678901", pieces: 480, level: "pallet" };

describe("a quantity in packs", () => {
  test("the largest first, and the pieces that are left", () => {
    expect(inPacks(63, [EACH, CASE])).toEqual([
      { level: "case", pieces: 12, count: 5 },
      { level: "each", pieces: 1, count: 3 },
    ]);
    expect(inPacks(1000, [CASE, INNER, PALLET, EACH]).map(({ level, count }) => [level, count])).toEqual([
      ["pallet", 2],
      ["case", 3],
      ["each", 4],
    ]);
  });

  test("without packs it is pieces", () => {
    expect(inPacks(3, [])).toEqual([{ level: "each", pieces: 1, count: 3 }]);
    expect(inPacks(3, [EACH, CASE])).toEqual([{ level: "each", pieces: 1, count: 3 }]);
  });

  test("two codes for packs of one size are one size", () => {
    expect(inPacks(24, [CASE, { ...CASE, code: "BOX-12" }])).toEqual([
      { level: "case", pieces: 12, count: 2 },
    ]);
  });

  test("nothing is nothing", () => {
    expect(inPacks(0, [CASE])).toEqual([]);
  });

  test.each([1, 5, 11, 12, 13, 479, 480, 481, 99_999])("the parts of %i are that together", (quantity) => {
    const parts = inPacks(quantity, [EACH, INNER, CASE, PALLET]);
    expect(parts.reduce((sum, { pieces, count }) => sum + pieces * count, 0)).toBe(quantity);
  });
});
