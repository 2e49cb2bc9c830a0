import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Report, ReportRow } from "../api/types";
import { ask } from "../session/current";
import { type Asked, daysAndWorker, inOrder } from "./asked";

const ON_A_PAGE = 500;
/** While somebody looks, in milliseconds. */
const AGAIN = 60_000;

/** The report that is asked for, of which further rows are fetched when they are wanted. */
export function useReport(asked: Asked) {
  const query = `${daysAndWorker(asked)}&${inOrder(asked)}&limit=${ON_A_PAGE}`;
  const { by } = asked;
  const report = useInfiniteQuery({
    queryKey: ["report", by, query],
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam === null ? "" : `&after=${encodeURIComponent(pageParam)}`;
      return ask<Report>(`/api/reports/${by}?${query}${after}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_after }) => next_after,
    // What stands there stays until the next is there, and with it the focus of the keyboard.
    placeholderData: keepPreviousData,
    // Of many pages each costs as much as the first.
    refetchInterval: ({ state }) => (state.data && state.data.pages.length > 1 ? false : AGAIN),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = report;
  // A chart of days has all of them.
  const wantsAll = by === "day" || by === "week";
  useEffect(() => {
    if (wantsAll && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [wantsAll, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return report;
}

export const rowsOf = (pages: Report[] | undefined): ReportRow[] =>
  pages?.flatMap(({ items }) => items) ?? [];
