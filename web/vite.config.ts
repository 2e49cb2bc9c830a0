import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// A running console that `npm run dev` sends its requests to.
const console_ = process.env.MAGACIN_CONSOLE ?? "http://127.0.0.1:3000";

const ours = (name: string) => fileURLToPath(new URL(`src/theme/instead/${name}`, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: "react-remove-scroll", replacement: ours("remove-scroll.tsx") },
      { find: /^\.\.?\/.*ScrollArea\/ScrollArea\.mjs$/, replacement: ours("scroll-area.tsx") },
    ],
  },
  server: {
    host: "127.0.0.1",
    // With the Host that the browser sends: the console compares it with the Origin.
    proxy: { "/api": { target: console_ } },
  },
  build: {
    target: "es2022",
    // The Content-Security-Policy allows no data: addresses, so nothing is put inline.
    assetsInlineLimit: 0,
    // scripts/bundle-size.mjs reads it.
    manifest: true,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 800,
    reportCompressedSize: false,
  },
  test: { include: ["src/**/*.test.ts"] },
});
