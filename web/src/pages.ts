/** The pages whose code is fetched when they are opened: all but dashboards, which are what people come for. */
import { page } from "./page-code";

export const DashboardsPage = page(() => import("./dashboard/dashboards-page"));
export const AlertsPage = page(() => import("./alerts/alerts-page"));
export const SilenceForm = page(() => import("./silences/silence-form"));
export const TargetsPage = page(() => import("./targets/targets-page"));
export const ExplorePage = page(() => import("./explore/explore-page"));
export const InboxPage = page(() => import("./inbox/inbox-page"));
export const LoginPage = page(() => import("./login/login-page"));

const BY_PLACE: Record<string, { load: () => Promise<unknown> }> = {
  dashboards: DashboardsPage,
  alerts: AlertsPage,
  silences: SilenceForm,
  targets: TargetsPage,
  explore: ExplorePage,
  inbox: InboxPage,
  login: LoginPage,
};

/**
 * Have the code of the page at an address fetched, if it is not here. Where that fails, the page itself says so
 * when it opens.
 */
export async function preload(path: string): Promise<void> {
  try {
    await BY_PLACE[path.split("/")[1] ?? ""]?.load();
  } catch {
    // It is tried again then.
  }
}
