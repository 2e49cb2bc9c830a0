import { expect, test } from "vitest";
import { characters } from "./characters";

const shown = (code: string) => characters(code).map((one) => one.shown);

test("what can be seen is shown as it is", () => {
  expect(characters("A1ž")).toEqual([
    { shown: "A", named: false },
    { shown: "1", named: false },
    { shown: "ž", named: false },
  ]);
});

test("what cannot be seen has its name", () => {
  expect(shown("]d2\u001d")).toEqual(["]", "d", "2", "GS"]);
  expect(shown("\u0002 \t\r\n\u001e\u0004\u007f")).toEqual([
    "STX",
    "SP",
    "TAB",
    "CR",
    "LF",
    "RS",
    "EOT",
    "DEL",
  ]);
  expect(shown("\u200b\u00a0\ufeff\ud800")).toEqual(["U+200B", "NBSP", "U+FEFF", "U+D800"]);
});

test("every control character has a name of its own", () => {
  const all = characters(String.fromCodePoint(...Array.from({ length: 32 }, (_, point) => point)));
  expect(all.every(({ named }) => named)).toBe(true);
  expect(new Set(all.map((one) => one.shown)).size).toBe(32);
});
