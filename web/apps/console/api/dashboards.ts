import { queryOptions } from "@tanstack/react-query";
import { request } from "kit/api/client";
import { dashboardFile } from "../addresses";
import { isOfToday, unwrap } from "../dashboard/model/dashboard";

export interface DashboardEntry {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  file: string;
  /** Why the file cannot be read, where it cannot. */
  error: string | null;
}

export const dashboardsQuery = queryOptions({
  queryKey: ["dashboards"],
  queryFn: ({ signal }) => request<DashboardEntry[]>("/api/dashboards", { signal }),
  staleTime: 30_000,
});

/** In today's form; what brings a file of old there is loaded for such a file only. */
async function upgraded(content: unknown): Promise<unknown> {
  const raw = unwrap(content);
  if (isOfToday(raw) || !("panels" in raw || "rows" in raw)) return content;
  return (await import("../dashboard/model/upgrade/upgrade")).upgrade(raw);
}

/** The JSON of one dashboard's file, as it stands. */
export const dashboardQuery = (uid: string) =>
  queryOptions({
    queryKey: ["dashboard", uid],
    queryFn: async ({ signal }) => upgraded(await request<unknown>(dashboardFile(uid), { signal })),
    staleTime: 30_000,
  });
