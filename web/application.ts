/** How every application below apps/ is built: by itself, of its own folder and the kit, into dist/ under its name. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build, defineConfig, type Plugin, type Rolldown } from "vite";

// A running console that `npm run dev` sends its requests to.
const console_ = process.env.MAGACIN_CONSOLE ?? "http://127.0.0.1:3000";
const WEB = fileURLToPath(new URL(".", import.meta.url));
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

/** The configuration of the application in `folder`, which is served at the address `base`. */
export function application(folder: string, base: string) {
  return defineConfig({
    root: folder,
    base,
    publicDir: join(WEB, "public"),
    cacheDir: join(WEB, "node_modules/.vite", basename(folder)),
    plugins: [react(), early(folder, base)],
    resolve: { alias },
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

/** The code of a module and of what it imports, as one script. */
async function compiled(entry: string): Promise<string> {
  const [output] = (await build({
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    resolve: { alias },
    build: { target: TARGET, write: false, lib: { entry, formats: ["iife"], name: "early" } },
  })) as Rolldown.RolldownOutput[];
  return output?.output[0].code ?? "";
}
