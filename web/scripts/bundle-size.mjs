// Adds up, compressed, all JavaScript that a page of dashboards loads, and fails when it is more than promised.
// What only a click brings (calendar, inspector, help) is not in the sum; what a text panel brings is.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 243_000;
const LOADED = ["index.html", "src/dashboard/panels/text/render.ts"];

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const files = new Set();
function add(key) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`${key} is not in the manifest: has it been renamed?`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const other of chunk.imports ?? []) add(other);
}
for (const key of LOADED) add(key);

let total = 0;
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  together, of at most ${LIMIT} bytes`);
if (total > LIMIT) {
  console.error("A dashboard's JavaScript has become larger than promised.");
  process.exit(1);
}
