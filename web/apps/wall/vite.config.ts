import { application, small } from "../../application.ts";

export default application(import.meta.dirname, "/wall/", { alias: small });
