import { defineConfig } from "vitest/config";
import { alias } from "./application.ts";

export default defineConfig({
  resolve: { alias },
  test: { include: ["*.test.ts", "{apps,kit}/**/*.test.ts"] },
});
