#!/usr/bin/env bash
# zxing-wasm 3.1.6 gives the same text for two GS1 labels that say different things.
#
# Its text of a GS1 symbol is by default the bracketed form for people. Brackets are characters that a lot may have
# (GS1 General Specifications, figure 7.11-1), so the lot "LOT(30)5" and the lot "LOT" with a count of 5 (AI 30)
# read alike: a program that parses the text counts five pieces for one, or one for five. The bytes, and the text
# with textMode "Plain", have the separator 0x1D and differ. Labels made with bwip-js 4.11.4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts bwip-js@4.11.4 zxing-wasm@3.1.6 >/dev/null

cat >labels.mjs <<'JS'
import bwip from "bwip-js/node";
import { readFileSync } from "node:fs";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

const file = readFileSync("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm");
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(file).buffer } });
const labels = {
  "lot LOT, count 5": "^FNC1010501234567890010LOT^FNC1305",
  "lot LOT(30)5": "^FNC1010501234567890010LOT(30)5",
};
for (const [name, text] of Object.entries(labels)) {
  const options = { bcid: "datamatrix", text, parsefnc: true, scale: 6, padding: 20, backgroundcolor: "FFFFFF" };
  const image = new Blob([await bwip.toBuffer(options)]);
  const [read] = await readBarcodes(image, { formats: ["DataMatrix"] });
  const [plain] = await readBarcodes(image, { formats: ["DataMatrix"], textMode: "Plain" });
  console.log(`${name}: ${read.symbologyIdentifier} ${read.text} ${JSON.stringify(plain.text)}`);
}
JS
node labels.mjs | tee seen
diff seen - <<'SEEN'
lot LOT, count 5: ]d2 (01)05012345678900(10)LOT(30)5 "010501234567890010LOT\u001d305"
lot LOT(30)5: ]d2 (01)05012345678900(10)LOT(30)5 "010501234567890010LOT(30)5"
SEEN
