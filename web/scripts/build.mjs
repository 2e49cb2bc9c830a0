// Builds every application below apps/ by itself, into the folder that is named (dist where none is).
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "vite";

const [, , out = "dist"] = process.argv;
for (const name of readdirSync("apps")) {
  await build({ root: `apps/${name}`, build: { outDir: resolve(out, name) } });
}
