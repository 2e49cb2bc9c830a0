import { defineConfig } from "vitest/config";
import { alias } from "./application.ts";

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["*.test.ts", "{apps,kit}/**/*.test.ts"],
    // What hangs is ended by it, and on a busy machine nothing else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
