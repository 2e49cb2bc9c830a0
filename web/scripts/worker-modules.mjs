// Loads modules of the worker's application into Node, for the tests of the server that work with them.
import { createServer } from "vite";

const server = await createServer({
  configFile: false,
  root: new URL("../apps/worker/", import.meta.url).pathname,
  logLevel: "error",
  resolve: { alias: { kit: new URL("../kit", import.meta.url).pathname } },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});

export const load = (name) => server.ssrLoadModule(`/${name}.ts`);
export const close = () => server.close();
