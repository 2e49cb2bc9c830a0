/** Reads codes in frames of the camera, beside the page: it takes a tenth of a second each. */
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";
import { identified, READING } from "./symbols";

interface Scope {
  onmessage: ((event: MessageEvent<ImageData>) => void) | null;
  postMessage(message: Read): void;
}

/** What was read in a frame, or why nothing can be. */
export type Read = { readonly codes: readonly string[] } | { readonly failed: string };

const scope = self as unknown as Scope;

// Ours, and from nowhere else.
prepareZXingModule({ overrides: { locateFile: (path: string) => (path.endsWith(".wasm") ? wasm : path) } });

scope.onmessage = async ({ data }) => {
  try {
    const found = await readBarcodes(data, { ...READING, formats: [...READING.formats] });
    const codes = found.filter(({ isValid }) => isValid);
    scope.postMessage({
      codes: codes.map(({ text, symbologyIdentifier }) => identified(text, symbologyIdentifier)),
    });
  } catch (error) {
    scope.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
