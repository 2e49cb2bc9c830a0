import { expect, test } from "vitest";
import { dashboardAt } from "./addresses";

test.each([
  ["/", "magacin-overview"],
  ["/d/magacin-slo", "magacin-slo"],
  ["/d/magacin-slo/", "magacin-slo"],
  ["/d/a%20b/its-title", "a b"],
  ["/d/100%", "100%"],
  ["/d/", null],
  ["/dashboards", null],
  ["/d/a/b/c", null],
])("%s", (path, uid) => expect(dashboardAt(path)).toBe(uid));
