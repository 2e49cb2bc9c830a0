/** How every application below apps/ is built: by itself, of its own folder and the kit, into dist/ under its name. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { type Alias, build, defineConfig, type Plugin, type Rolldown } from "vite";

// A running console that `npm run dev` sends its requests to.
const console_ = process.env.MAGACIN_CONSOLE ?? "http://127.0.0.1:3000";
const WEB = fileURLToPath(new URL(".", import.meta.url));
const PUBLIC = join(WEB, "public");
const TARGET = "es2022";

/** What `kit/…` means, and what takes the place of two parts of Mantine. */
export const alias = [
  { find: /^kit\//, replacement: join(WEB, "kit/") },
  { find: "react-remove-scroll", replacement: join(WEB, "kit/theme/instead/remove-scroll.tsx") },
  {
    find: /^\.\.?\/.*ScrollArea\/ScrollArea\.mjs$/,
    replacement: join(WEB, "kit/theme/instead/scroll-area.tsx"),
  },
];

/** React's place is taken by Preact, which is a tenth of its size: for what has to be there at once on a phone. */
export const small = [
  { find: "react-dom/client", replacement: "preact/compat/client" },
  { find: "react-dom", replacement: "preact/compat" },
  { find: "react/jsx-runtime", replacement: "preact/jsx-runtime" },
  { find: "react", replacement: "preact/compat" },
];

/** The configuration of the application in `folder`, which is served at the address `base`. */
export function application(
  folder: string,
  base: string,
  more: { plugins?: Plugin[]; alias?: Alias[] } = {},
) {
  return defineConfig({
    root: folder,
    base,
    publicDir: PUBLIC,
    cacheDir: join(WEB, "node_modules/.vite", basename(folder)),
    plugins: [react(), early(folder, base), ...(more.plugins ?? [])],
    resolve: { alias: [...alias, ...(more.alias ?? [])] },
    server: {
      host: "127.0.0.1",
      // With the Host that the browser sends: the console compares it with the Origin.
      proxy: { "/api": { target: console_ } },
    },
    build: {
      target: TARGET,
      outDir: join(WEB, "dist", basename(folder)),
      emptyOutDir: true,
      // The Content-Security-Policy allows no data: addresses, so nothing is put inline.
      assetsInlineLimit: 0,
      // scripts/bundle-size.mjs reads it.
      manifest: true,
      modulePreload: { polyfill: false },
      sourcemap: false,
      chunkSizeWarningLimit: 800,
      reportCompressedSize: false,
      // What is loaded first comes as one file, which compresses better than a dozen.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
    },
  });
}

/** Has early.ts run before anything else, as a script that neither modules nor style sheets keep waiting. */
function early(folder: string, base: string): Plugin {
  const script = () => compiled(join(folder, "early.ts"));
  return {
    name: "early",
    async buildStart() {
      if (this.environment.mode === "build")
        this.emitFile({ type: "asset", name: "early.js", source: await script() });
    },
    transformIndexHtml: {
      order: "post",
      async handler(_, { bundle, server }) {
        const built = Object.values(bundle ?? {}).find(
          (file) => file.type === "asset" && file.names[0] === "early.js",
        );
        const tag = { tag: "script", injectTo: "head-prepend" } as const;
        if (server) return [{ ...tag, children: await script() }];
        return [{ ...tag, attrs: { src: `${base}${built?.fileName}` } }];
      },
    },
  };
}

/**
 * Has sw.ts, the service worker, keep every file of the build on the device, and writes the manifest with which a
 * phone installs the application. What only makes sense with a network is left out.
 */
export function offline(folder: string, base: string, leftOut: RegExp): Plugin {
  return {
    name: "offline",
    apply: "build",
    generateBundle: {
      order: "post",
      async handler(_, bundle) {
        const manifest = readFileSync(join(folder, "manifest.json"), "utf8");
        this.emitFile({ type: "asset", fileName: "manifest.webmanifest", source: manifest });
        const built = Object.values(bundle).filter(
          ({ fileName }) => !(fileName.startsWith(".") || leftOut.test(fileName)),
        );
        const kept = built.map((file) => ({ url: base + file.fileName, revision: revision(file) }));
        const beside = readdirSync(PUBLIC).map((name) => ({
          url: base + name,
          revision: hash(readFileSync(join(PUBLIC, name))),
        }));
        const files = [...kept, ...beside, { url: `${base}manifest.webmanifest`, revision: hash(manifest) }];
        const source = await compiled(join(folder, "sw.ts"), { FILES_TO_KEEP: JSON.stringify(files) });
        this.emitFile({ type: "asset", fileName: "sw.js", source });
      },
    },
  };
}

/** What tells two contents of a file apart; null where its name does. */
function revision(file: Rolldown.OutputAsset | Rolldown.OutputChunk): string | null {
  if (file.fileName.startsWith("assets/")) return null;
  return hash(file.type === "asset" ? file.source : file.code);
}

const hash = (content: string | Uint8Array) =>
  createHash("sha256").update(content).digest("hex").slice(0, 16);

/** The code of a module and of what it imports, as one script. */
async function compiled(entry: string, define: Record<string, string> = {}): Promise<string> {
  const [output] = (await build({
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    resolve: { alias },
    define: { "process.env.NODE_ENV": '"production"', ...define },
    build: { target: TARGET, write: false, lib: { entry, formats: ["iife"], name: "early" } },
  })) as Rolldown.RolldownOutput[];
  return output?.output[0].code ?? "";
}
