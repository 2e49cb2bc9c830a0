import { describe, expect, test } from "vitest";
import { characterOf, type Key, Keys } from "./keys";

/** Press keys, one every `every` milliseconds; return what was heard last. */
function press(keys: Keys, pressed: readonly (string | Key)[], every = 5, from = 1000) {
  let time = from;
  return pressed.map((key) => {
    time += every;
    return keys.down(typeof key === "string" ? { key } : key, time);
  });
}

const GS: Key = { key: "]", ctrlKey: true };
const last = <T>(all: readonly T[]) => all.at(-1);

describe("a scanner", () => {
  test.each(["Enter", "Tab", "\r", "\n"])("ends with %j", (suffix) => {
    expect(last(press(new Keys(), [..."5012345678900", suffix]))).toEqual({
      kind: "code",
      code: "5012345678900",
    });
  });

  test.each<[string, (string | Key)[]]>([
    ["two Enters", ["Enter", "Enter"]],
    ["Enter and Tab", ["Enter", "Tab"]],
    [
      "CR and LF by Ctrl",
      [
        { key: "m", ctrlKey: true },
        { key: "j", ctrlKey: true },
      ],
    ],
  ])("may end with %s, and the second is its own as well", (_, suffix) => {
    const keys = new Keys();
    const heard = press(keys, [..."SC-PEN", ...suffix]).slice(-2);
    expect(heard).toEqual([{ kind: "code", code: "SC-PEN" }, { kind: "rest" }]);
    expect(keys.isIdle).toBe(true);
    expect(last(press(keys, ["Enter"], 5, 1500))).toEqual({ kind: "nothing" });
  });

  test("ends with a pause", () => {
    const keys = new Keys();
    press(keys, [..."SC-PEN"]);
    expect(keys.pause(1060)).toEqual({ kind: "nothing" });
    expect(keys.pause(1800)).toEqual({ kind: "code", code: "SC-PEN" });
    expect(keys.isIdle).toBe(true);
  });

  test("that ended with a pause ends soon", () => {
    const keys = new Keys();
    press(keys, [..."SC-PEN"]);
    keys.pause(1800);
    press(keys, [..."SC-TIE"], 5, 3000);
    expect(keys.pause(3200)).toEqual({ kind: "code", code: "SC-TIE" });
  });

  test.each([
    ["that was not heard before", []],
    ["that ended with Enter", [..."SC-TIE", "Enter"]],
  ])("%s may be stuck for half a second: half a code is none", (_, before) => {
    const keys = new Keys();
    press(keys, before, 5, 100);
    press(keys, [..."74186"], 4, 1000);
    expect(keys.pause(1600)).toEqual({ kind: "nothing" });
    // The page hears of these late; they were pressed in time.
    expect(last(press(keys, [..."28750758", "Enter"], 4, 1020))).toEqual({
      kind: "code",
      code: "7418628750758",
    });
  });

  test("that has ended with Enter may itself be late: it has not ended yet", () => {
    const keys = new Keys();
    press(keys, [..."SC-TIE", "Enter"], 5, 100);
    press(keys, [..."74186"], 4, 1000);
    expect(last(press(keys, [..."28750758", "Enter"], 4, 1500))).toEqual({
      kind: "code",
      code: "7418628750758",
    });
  });

  test("without a suffix is heard behind a busy page, code by code", () => {
    const keys = new Keys();
    press(keys, [..."SC-PEN"], 5, 1000);
    expect(keys.down({ key: "S" }, 1400)).toEqual({ kind: "code", code: "SC-PEN" });
    press(keys, [..."C-TIE"], 5, 1400);
    expect(keys.input("SC-INK\n", 2000)).toEqual({ kind: "code", code: "SC-TIE" });
    expect(keys.pause(3000)).toEqual({ kind: "code", code: "SC-INK" });
  });

  test("whose Enter comes long after is heard, and the Enter is its own", () => {
    const keys = new Keys();
    press(keys, [..."SC-PEN"], 5, 1000);
    expect(keys.down({ key: "Enter" }, 5000)).toEqual({ kind: "code", code: "SC-PEN" });
  });

  test("may hand on late what it has begun", () => {
    const keys = new Keys();
    press(keys, [..."SC-P"], 5, 1000);
    expect(keys.pause(1100)).toEqual({ kind: "nothing" });
    expect(last(press(keys, [..."EN", "Enter"], 5, 1130))).toEqual({ kind: "code", code: "SC-PEN" });
  });

  test("is heard late, and by when its keys were pressed", () => {
    const keys = new Keys();
    press(keys, ["S"], 5, 1000);
    expect(keys.pause(Number.POSITIVE_INFINITY)).toEqual({ kind: "nothing" });
    expect(last(press(keys, [..."C-PEN", "Enter"], 5, 1005))).toEqual({ kind: "code", code: "SC-PEN" });
  });

  test.each<[string, Key]>([
    ["Ctrl and its key", GS],
    ["the character itself", { key: "\x1d" }],
    ["the character itself, with Ctrl", { key: "\x1d", ctrlKey: false }],
  ])("sends a separator as %s", (_, separator) => {
    const pressed = ["Shift", ..."]C1010501234567890010A", separator, ..."3705", "Enter"];
    expect(last(press(new Keys(), pressed))).toEqual({
      kind: "code",
      code: "]C1010501234567890010A\x1d3705",
    });
  });

  test("types a separator by its number", () => {
    const keys = new Keys();
    press(keys, [..."0105012345678900"], 5, 1000);
    const number = ["0", "2", "9"].map((digit) => ({ key: digit, code: `Numpad${digit}`, altKey: true }));
    press(keys, number, 5, 1080);
    expect(keys.up({ key: "Alt" }, 1100)).toEqual({ kind: "part" });
    expect(last(press(keys, [..."375", "Enter"], 5, 1100))).toEqual({
      kind: "code",
      code: "0105012345678900\x1d375",
    });
  });

  test("sends text without keys, whole or by character", () => {
    const keys = new Keys();
    expect(keys.input("]d20105012345678900\x1d375\n", 1000)).toEqual({
      kind: "code",
      code: "]d20105012345678900\x1d375",
    });
    for (const [place, character] of [..."SC-PEN"].entries()) keys.input(character, 2000 + place * 5);
    expect(keys.pause(2800)).toEqual({ kind: "code", code: "SC-PEN" });
  });

  test("sends two codes, and each is one", () => {
    const heard = press(new Keys(), [..."AAAA", "Enter", ..."BBBB", "Enter"]);
    expect(heard.filter(({ kind }) => kind === "code")).toEqual([
      { kind: "code", code: "AAAA" },
      { kind: "code", code: "BBBB" },
    ]);
  });
});

describe("a person", () => {
  test("types, and nothing is heard", () => {
    const heard = press(new Keys(), [..."hello there", "Enter"], 120);
    expect(heard.every(({ kind }) => kind !== "code")).toBe(true);
  });

  test("presses two keys at once, and Enter", () => {
    expect(last(press(new Keys(), ["a", "s", "Enter"], 5))).toEqual({ kind: "nothing" });
  });

  test("presses Enter alone: it is theirs", () => {
    expect(press(new Keys(), ["Enter"])).toEqual([{ kind: "nothing" }]);
  });

  test("presses keys of the browser's", () => {
    for (const key of [
      { key: "F5" },
      { key: "c", metaKey: true },
      { key: "ArrowDown" },
      { key: "f", altKey: true },
    ])
      expect(characterOf(key)).toBeNull();
  });

  test("writes a character with AltGr", () => {
    expect(characterOf({ key: "@", ctrlKey: true, altKey: true })).toBe("@");
  });

  test("types before a scan: what they typed is no part of it", () => {
    const keys = new Keys();
    press(keys, ["x"], 5, 1000);
    expect(last(press(keys, [..."SC-PEN", "Enter"], 5, 1300))).toEqual({ kind: "code", code: "SC-PEN" });
  });
});
