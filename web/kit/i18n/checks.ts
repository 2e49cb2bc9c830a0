/** What is true of the words of every application; its tests call this. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Language } from "./language";

const PLURAL = /_(zero|one|two|few|many|other)$/;

export interface Words {
  [key: string]: string | Words;
}

/** Every key of a file with what stands under it. */
function flat(words: Words, before = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string"
      ? ([[before + key, value]] as [string, string][])
      : flat(value, `${before}${key}.`),
  );
}

const keys = (words: Words) => flat(words).map(([key]) => key);
const stems = (words: Words) => new Set(keys(words).map((key) => key.replace(PLURAL, "")));

const values = (text: string) => [...text.matchAll(/\{\{.*?\}\}/g)].map(([value]) => value).sort();

const CYRILLIC = "абвгдђежзијклмнопрстћуфхцчш";
const LATIN = "abvgdđežzijklmnoprstćufhcčš";
const DIGRAPHS: Record<string, string> = { љ: "lj", њ: "nj", џ: "dž", Љ: "Lj", Њ: "Nj", Џ: "Dž" };

function toLatin(text: string): string {
  return [...text]
    .map((letter) => {
      const at = CYRILLIC.indexOf(letter.toLowerCase());
      const small = LATIN[at];
      if (small === undefined) return DIGRAPHS[letter] ?? letter;
      return letter === letter.toLowerCase() ? small : small.toUpperCase();
    })
    .join("");
}

/** The files of the languages say the same in every form that their language has. */
export function checkFiles(files: Record<Language, Words>): void {
  const { en, "sr-Latn": latin, "sr-Cyrl": cyrillic } = files;
  describe.each(Object.entries(files))("%s", (language, words) => {
    test("lacks nothing that English says, and says no more", () => {
      expect([...stems(words)].sort()).toEqual([...stems(en)].sort());
    });

    test("has every plural form of the language, and no other", () => {
      const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
      const all = new Set(keys(words));
      for (const stem of stems(words)) {
        const there = [...all].filter((key) => PLURAL.test(key) && key.replace(PLURAL, "") === stem);
        if (there.length === 0) continue;
        expect(there.map((key) => key.slice(stem.length + 1)).sort(), stem).toEqual(forms);
      }
    });

    test("has the same values put in as English", () => {
      const english = new Map(flat(en).map(([key, text]) => [key.replace(PLURAL, ""), values(text)]));
      for (const [key, text] of flat(words)) {
        expect(values(text), key).toEqual(english.get(key.replace(PLURAL, "")));
      }
    });

    test("leaves nothing empty", () => {
      for (const [key, text] of flat(words)) expect(text.trim(), key).not.toBe("");
    });
  });

  test("both scripts of Serbian say the same", () => {
    const inLatin = flat(cyrillic).map(([key, text]) => [key, toLatin(text)]);
    expect(inLatin).toEqual(flat(latin));
  });

  test("Cyrillic has no Latin letter in a word of its own", () => {
    const mixed = flat(cyrillic).filter(([, text]) =>
      /\p{Script=Cyrillic}\p{Script=Latin}|\p{Script=Latin}\p{Script=Cyrillic}/u.test(
        text.replace(/\{\{.*?\}\}/g, " "),
      ),
    );
    expect(mixed).toEqual([]);
  });
}

/** The code below a folder says what there is, and all of it. */
export function checkCode(folder: string, en: Words): void {
  describe("what the code says", () => {
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !/\.test\.ts$/.test(name) && !name.startsWith("dev/"))
      .map((name) => readFileSync(join(folder, name), "utf8"));
    const said = sources.flatMap((text) => [
      ...[...text.matchAll(/\bt\(\s*["']([^"']+)["']/g)].map(([, key]) => key as string),
      ...[...text.matchAll(/\bt\(\s*`([^`]*)`/g)].map(([, key]) => key as string),
    ]);
    const patterns = said.map(
      (key) =>
        new RegExp(
          `^${key
            .split(/\$\{[^}]*\}/)
            .map((part) => part.replaceAll(".", "\\."))
            .join("[a-z_]+")}$`,
        ),
    );

    test("is there", () => {
      const all = [...stems(en)];
      const missing = said.filter((_, at) => !all.some((stem) => patterns[at]?.test(stem)));
      expect(missing).toEqual([]);
    });

    test("is all that is there", () => {
      const unused = [...stems(en)].filter((stem) => !patterns.some((pattern) => pattern.test(stem)));
      expect(unused).toEqual([]);
    });

    test("names a place for each key that it puts together", () => {
      // A key of a variable alone would fit everything, and say nothing about what is used.
      for (const key of said) expect(key).toMatch(/^[a-z_]+\./);
    });
  });
}
