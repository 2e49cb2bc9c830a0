import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pieces } from "./code";
import { SEPARATORS } from "./controls";
import { normaliseBarcode } from "./gtins";
import { readCode } from "./reading";
import { codeRules, MeasureRule } from "./rules";

const ROOT = join(import.meta.dirname, "../../../..");
const TABLE = JSON.parse(readFileSync(join(ROOT, "tests/fixtures/scan-rules.json"), "utf8"));
const parts = (written: string) => written.split(" ");
const rulesWith = (separators?: string) =>
  codeRules({
    separators: separators === undefined ? SEPARATORS : parts(separators),
    variable_measure_eans: parts(TABLE.settings.variable_measure_eans),
  });

interface Case {
  name: string;
  code: string;
  sku?: string;
  quantity?: number;
  kept?: Record<string, string>;
  outcome?: string;
  separators?: string;
}

/** Every code of the articles as it is kept, with what it is of. */
const CODES = new Map<string, { sku: string; pieces: number }>();
for (const { sku, barcodes } of TABLE.articles) {
  CODES.set(sku, { sku, pieces: 1 });
  for (const { code, pieces: each = 1 } of barcodes) CODES.set(normaliseBarcode(code), { sku, pieces: each });
}

describe("the table that the server is tested by", () => {
  test.each<Case>(TABLE.cases)(
    "$name",
    ({ code: scanned, sku, quantity, separators, outcome, kept = {} }) => {
      const code = readCode(scanned, rulesWith(separators));
      const isSeveral = code.isSeveral || code.rivals.some((gtin) => CODES.has(gtin));
      expect(isSeveral).toBe(outcome === "several_codes");
      if (isSeveral || (code.isEither && code.others.filter((gtin) => CODES.has(gtin)).length > 1))
        return expect(outcome).toBeDefined();
      const found = [code.literal, code.gtin, ...code.others].map((form) => CODES.get(form ?? ""));
      const at = found.findIndex((one) => one !== undefined);
      // Without regard to case is the ledger's to look for.
      const byCase = [...CODES].filter(([form]) => form.toLowerCase() === code.literal.toLowerCase());
      const one = found[at] ?? (byCase.length === 1 ? byCase[0]?.[1] : undefined);
      expect(one?.sku).toBe(sku);
      if (one) expect(pieces(code, one.pieces, at <= 0)).toBe(quantity);
      if (sku) expect(code.label ?? {}).toEqual(kept);
    },
  );
});

test("separators are what is set", () => {
  const rules = codeRules({ separators: ["%%"], variable_measure_eans: [] });
  expect(readCode("010400638133393110A%%3705", rules).count).toBe(5);
  expect(readCode("010400638133393110A~3705", rules).gtin).toBeNull();
});

test.each([
  ["21IIIIIWW.WWWC", "2112345012346", { readings: ["02112345000008", "12345"], weight: "1.234" }],
  ["22IIIIIVPP.PPC", "2212345612991", { readings: ["02212345000005", "12345"], price: "12.99" }],
  ["02IIIIIPPPPPC", "0212345001299", { readings: ["00212345000007", "12345"], price: "129" }],
  ["25IIIIINNNNNC", "2512345000044", { readings: ["02512345000006", "12345"], pieces: 4 }],
])("reads %s", (mask, ean, expected) => {
  expect(MeasureRule.parse(mask).read(ean)).toMatchObject(expected);
});

test.each(["", "21IIIIIWWWWWW", "31IIIIIWWWWWC", "21IIII.IWWWWWC", "25IIIIINNN.NNC", "21IIIIIWWPPPC"])(
  "refuses the mask %j",
  (mask) => {
    expect(() => MeasureRule.parse(mask)).toThrow(JSON.stringify(mask));
  },
);
