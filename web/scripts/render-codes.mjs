// Renders codes for the tests: a list of { text, format, options } in, a list of { width, height, dark } out, where
// `dark` has a 1 for each module that is printed (tests/e2e/fake_camera.py).
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { prepareZXingModule, writeBarcode } from "zxing-wasm/writer";

const binary = fileURLToPath(import.meta.resolve("zxing-wasm/writer/zxing_writer.wasm"));
prepareZXingModule({ overrides: { wasmBinary: readFileSync(binary).buffer } });

const rendered = [];
for (const { text: content, ...options } of JSON.parse(await text(process.stdin))) {
  const { error, symbol } = await writeBarcode(content, options);
  if (error) throw new Error(`${content}: ${error}`);
  const dark = Array.from(symbol.data, (value) => (value < 128 ? 1 : 0)).join("");
  rendered.push({ width: symbol.width, height: symbol.height, dark });
}
process.stdout.write(JSON.stringify(rendered));
