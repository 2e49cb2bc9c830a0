import { application } from "../../application.ts";

export default application(import.meta.dirname, "/desk/");
