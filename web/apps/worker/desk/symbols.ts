/** Draws codes, as pictures for printing. */
import { prepareZXingModule, writeBarcode } from "zxing-wasm/writer";
import wasm from "zxing-wasm/writer/zxing_writer.wasm?url";

// Ours, and from nowhere else.
prepareZXingModule({ overrides: { locateFile: (path: string) => (path.endsWith(".wasm") ? wasm : path) } });

/** The address of a picture of a code, with the margin that readers need. */
export async function picture(text: string, format: "QRCode" | "Code128"): Promise<string> {
  const { svg, error } = await writeBarcode(text, { format, scale: 1, addQuietZones: true });
  if (error) throw new Error(error);
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
