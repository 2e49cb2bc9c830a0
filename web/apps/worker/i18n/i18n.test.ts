import { join } from "node:path";
import i18next from "i18next";
import { checkCode, checkFiles } from "kit/i18n/checks";
import { expect, test } from "vitest";
import { KNOWN_CONFLICTS } from "../conflicts/known";
import { t } from ".";
import en from "./en.json";
import cyrillic from "./sr-Cyrl.json";
import latin from "./sr-Latn.json";

const FILES = { en, "sr-Latn": latin, "sr-Cyrl": cyrillic };

checkFiles(FILES);
checkCode(join(import.meta.dirname, ".."), en);

test("there are words for each reason of the server that is known", () => {
  expect(Object.keys(en.conflict).sort()).toEqual([...KNOWN_CONFLICTS].sort());
});

test.each([
  ["en", 1, "1 line left"],
  ["en", 1200, "1,200 lines left"],
  ["sr-Latn", 1, "još 1 stavka"],
  ["sr-Latn", 3, "još 3 stavke"],
  ["sr-Latn", 11, "još 11 stavki"],
  ["sr-Cyrl", 22, "још 22 ставке"],
  ["sr-Cyrl", 1200, "још 1.200 ставки"],
] as const)("in %s %i has its form and its digits", async (language, count, expected) => {
  await i18next.init({ lng: language, resources: { [language]: { translation: FILES[language] } } });
  expect(t("picking.lines_left", { count })).toBe(expected);
});
