/** The screens with work that is kept in memory: no stack, no login, nothing that lasts. Never part of a build. */
import { mergeConfig } from "vite";
import { application, small } from "../../../application.ts";

export default mergeConfig(application(import.meta.dirname, "/app/", { alias: small }), {
  server: { fs: { allow: ["../../.."] } },
  build: { outDir: "../../../node_modules/.cache/worker-dev" },
});
