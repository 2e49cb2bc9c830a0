import { application, offline, small } from "../../application.ts";

const BASE = "/app/";
// A badge is made by the server.
const DRAWS_BADGES = /zxing_writer.*\.wasm$/;

export default application(import.meta.dirname, BASE, {
  plugins: [offline(import.meta.dirname, BASE, DRAWS_BADGES)],
  alias: small,
});
