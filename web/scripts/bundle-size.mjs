// Adds up, compressed, all JavaScript that the first page of each application loads, and fails when it is more
// than promised. What only a click brings (calendar, inspector, help) is not in the sum.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const PROMISED = {
  // On a phone, over whatever network there is in a warehouse.
  worker: { limit: 100_000, loaded: ["index.html"] },
  // What a small computer behind a screen loads after each power cut.
  wall: { limit: 60_000, loaded: ["index.html"] },
  // The board, whose code is there from the start.
  desk: { limit: 250_000, loaded: ["index.html"] },
  // A page of dashboards, with what a text panel brings.
  console: { limit: 240_000, loaded: ["index.html", "dashboard/panels/text/render.ts"] },
};

/** The files that are loaded with these modules, from the manifest of a build. */
function filesOf(manifest, keys, files = new Set()) {
  for (const key of keys) {
    const chunk = manifest[key];
    if (!chunk) throw new Error(`${key} is not in the manifest: has it been renamed?`);
    if (files.has(chunk.file)) continue;
    files.add(chunk.file);
    filesOf(manifest, chunk.imports ?? [], files);
  }
  return files;
}

for (const name of readdirSync("apps")) {
  const { limit, loaded } = PROMISED[name] ?? {};
  if (!limit)
    throw new Error(
      `Nothing is promised of apps/${name}: say in scripts/bundle-size.mjs how large it may be.`,
    );
  const dist = new URL(`../dist/${name}/`, import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
  let total = 0;
  for (const file of filesOf(manifest, loaded)) {
    const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
    total += size;
    console.log(`${String(size).padStart(8)}  ${name}/${file}`);
  }
  console.log(`${String(total).padStart(8)}  together, of at most ${limit} bytes`);
  if (total > limit) {
    console.error(`The JavaScript of ${name} has become larger than promised.`);
    process.exitCode = 1;
  }
}
