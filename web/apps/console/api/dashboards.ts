import { queryOptions } from "@tanstack/react-query";
import { request } from "kit/api/client";
import { dashboardFile } from "../addresses";

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

/** The JSON of one dashboard's file, as it stands. */
export const dashboardQuery = (uid: string) =>
  queryOptions({
    queryKey: ["dashboard", uid],
    queryFn: ({ signal }) => request<unknown>(dashboardFile(uid), { signal }),
    staleTime: 30_000,
  });
