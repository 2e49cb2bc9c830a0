/** An application beside the console, made for the occasion in a copy of this folder and built as any other. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const HERE = import.meta.dirname;
const PATIENCE = 600_000;
let web: string;

const own = (name: string, text: string) => writeFileSync(join(web, "apps/scale", name), text);
const file = (name: string) => readFileSync(join(web, name), "utf8");

beforeAll(() => {
  web = mkdtempSync(join(tmpdir(), "magacin-web-"));
  const copied = ["apps", "kit", "public", "application.ts", "package.json", "tsconfig.json"];
  for (const name of copied) cpSync(join(HERE, name), join(web, name), { recursive: true });
  symlinkSync(join(HERE, "node_modules"), join(web, "node_modules"));
  mkdirSync(join(web, "apps/scale"));
  for (const name of ["index.html", "tsconfig.json"]) own(name, file(`apps/console/${name}`));
  own("vite.config.ts", file("apps/console/vite.config.ts").replace('"/"', '"/scale/"'));
  own("early.ts", 'import { begin, chooseScheme } from "kit/early";\nchooseScheme();\nbegin(["/api/me"]);\n');
  own("main.tsx", 'import { start } from "kit/start";\nstart(<h1>Pick this</h1>);\n');
});
afterAll(() => rmSync(web, { recursive: true }));

test("is built by itself, of its own code and the kit's, for its address", {
  timeout: PATIENCE,
}, async () => {
  const built = (await build({
    root: join(web, "apps/scale"),
    logLevel: "silent",
  })) as Rolldown.RolldownOutput;
  const modules = built.output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
  expect(modules).toContain(join(web, "kit/start.tsx"));
  expect(modules.filter((id) => id.includes("/apps/") && !id.includes("/apps/scale/"))).toEqual([]);
  const page = file("dist/scale/index.html");
  expect(page).toMatch(/<head>\s*<script src="\/scale\/assets\/early-[^"]+\.js"><\/script>/);
  expect(page).toMatch(/<script type="module" crossorigin src="\/scale\/assets\/index-[^"]+\.js">/);
  const early = /early-[^"]+\.js/.exec(page)?.[0];
  expect(file(`dist/scale/assets/${early}`)).toContain("/api/me");
});

test("may import itself and the kit, and the kit no application", { timeout: PATIENCE }, () => {
  own("more.ts", 'export type { HOME } from "../console/addresses";\n');
  writeFileSync(join(web, "kit/more.ts"), 'export { record } from "../apps/console/dashboard/model/json";\n');
  const checked = spawnSync("node_modules/.bin/tsc", ["-p", "apps/scale", "--tsBuildInfoFile", "checked"], {
    cwd: web,
    encoding: "utf8",
  });
  const refused = checked.stdout.split("\n").filter((line) => line.includes("error"));
  expect(refused).toHaveLength(2);
  expect(refused[0]).toMatch(
    /^apps\/scale\/more.ts.* TS6307: File '.*apps\/console\/addresses.ts' is not listed/,
  );
  expect(refused[1]).toMatch(
    /^kit\/more.ts.* TS6307: File '.*apps\/console\/dashboard\/model\/json.ts' is not listed/,
  );
});
