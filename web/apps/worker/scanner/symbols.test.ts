import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as reader from "zxing-wasm/reader";
import * as writer from "zxing-wasm/writer";
import { readCode } from "../codes/reading";
import { fromNative, identified, READING, Repeats } from "./symbols";

test.each([
  ["]d2", "010501234567890010A\x1d375", "]d2010501234567890010A\x1d375"],
  ["]C1", "0105012345678900", "]C10105012345678900"],
  ["]E4", "04252614", "]E404252614"],
  ["]C0", "SC-PEN", "SC-PEN"],
  ["]Q1", "https://id.gs1.org/01/05012345678900", "https://id.gs1.org/01/05012345678900"],
  ["]I1", "15012345678907", "15012345678907"],
])("an identifier %s is kept where the rules go by it", (identifier, text, expected) => {
  expect(identified(text, identifier)).toBe(expected);
});

test("a GS1 symbol keeps its separator, and its count", () => {
  expect(readCode(identified("010501234567890010A\x1d375", "]d2"))).toMatchObject({
    gtin: "05012345678900",
    count: 5,
    label: { lot: "A" },
  });
});

test("EAN-8 and UPC-E of the same digits are two codes", () => {
  expect(readCode(fromNative("04252614", "upc_e")).others).toEqual(["00042100005264"]);
  expect(readCode(fromNative("04252614", "ean_8")).others).toEqual([]);
});

describe("a code that the camera sees", () => {
  /** What counts of frames, one each so many milliseconds. */
  const counted = (every: number, frames: string[][]) => {
    const repeats = new Repeats(1000);
    return frames.flatMap((codes, at) => repeats.look(codes, at * every)).join("");
  };
  const times = (count: number, ...codes: string[]) => Array.from({ length: count }, () => codes);

  test("counts once while it stays in sight, and again when it comes back", () => {
    expect(counted(100, [...times(30, "A"), ...times(12), ...times(30, "A")])).toBe("AA");
    expect(counted(100, [...times(30, "A"), ...times(8), ...times(30, "A")])).toBe("A");
  });

  test("counts once however long a frame takes", () => {
    expect(counted(3_000, times(5, "A"))).toBe("A");
    expect(counted(3_000, [["A"], [], ["A"]])).toBe("A");
  });

  test("counts once beside another that stays in sight as well", () => {
    expect(counted(100, times(30, "A", "B"))).toBe("AB");
    expect(
      counted(
        100,
        Array.from({ length: 30 }, (_, at) => [at % 2 ? "A" : "B"]),
      ),
    ).toBe("BA");
  });

  test("counts again after another was shown in its place", () => {
    expect(counted(100, [...times(5, "A"), ...times(6, "B"), ...times(5, "A")])).toBe("ABA");
  });
});

describe("what is printed is read", () => {
  const binary = (kind: string) =>
    readFileSync(
      join(import.meta.dirname, `../../../node_modules/zxing-wasm/dist/${kind}/zxing_${kind}.wasm`),
    );

  beforeAll(() => {
    reader.prepareZXingModule({ overrides: { wasmBinary: binary("reader").buffer as ArrayBuffer } });
    writer.prepareZXingModule({ overrides: { wasmBinary: binary("writer").buffer as ArrayBuffer } });
  });

  test.each<[writer.WriterOptions["format"], string, string]>([
    ["EAN13", "5012345678900", "]E05012345678900"],
    ["EAN8", "04252641", "]E404252641"],
    ["UPCA", "012345000065", "]E00012345000065"],
    ["UPCE", "01234565", "]E00012345000065"],
    ["ITF", "15012345678907", "15012345678907"],
    ["Code128", "SC-PEN", "SC-PEN"],
    ["QRCode", "https://id.gs1.org/01/05012345678900?37=2", "https://id.gs1.org/01/05012345678900?37=2"],
    ["DataMatrix", "SC-PEN", "SC-PEN"],
  ])("%s %s", async (format, text, expected) => {
    const { image, error } = await writer.writeBarcode(text, { format, scale: 4, addQuietZones: true });
    expect(error).toBe("");
    const [found] = await reader.readBarcodes(image as Blob, { ...READING, formats: [...READING.formats] });
    expect(identified(found?.text ?? "", found?.symbologyIdentifier ?? "")).toBe(expected);
  });
});
