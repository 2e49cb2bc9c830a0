import { begin, chooseScheme } from "kit/early";
import { dashboardAt, dashboardFile, SESSION } from "./addresses";

chooseScheme();
const dashboard = dashboardAt(location.pathname);
begin(dashboard === null ? [SESSION] : [SESSION, dashboardFile(dashboard)]);
