/** Addresses that early.ts needs to know, before the rest of the code is there. */

export const SESSION = "/api/session";

/** Where the file of a dashboard is. */
export const dashboardFile = (uid: string) => `/api/dashboards/${encodeURIComponent(uid)}`;

/** The address of a dashboard. */
export const DASHBOARD = /^\/d\/(?<uid>[^/]+)(?:\/[^/]+)?\/?$/i;

/** The dashboard that the address `/` stands for. */
export const HOME = "magacin-overview";

/** Which dashboard an address opens, if it is one's. */
export function dashboardAt(path: string): string | null {
  if (path === "/") return HOME;
  const uid = DASHBOARD.exec(path)?.groups?.uid ?? null;
  try {
    return uid && decodeURIComponent(uid);
  } catch {
    // Typed by hand: no dashboard has this name, and the page says so.
    return uid;
  }
}
