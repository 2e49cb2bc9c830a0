import type { TimeZone } from "kit/common/calendar";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Dashboard } from "../model/dashboard";
import { parseDuration, type RawRange, resolveRange, type TimeRange } from "../model/time";
import type { UrlState } from "../model/url-state";

export interface DashboardTime {
  raw: RawRange;
  range: TimeRange;
  zone: TimeZone;
  /** What is wrong with the range in the address, where it cannot be read. */
  problem: string | null;
  refreshEvery: string;
  /** Grows with every refresh. */
  tick: number;
  refresh: () => void;
}

/** The range of time that is looked at, and its moving on. */
export function useTime(dashboard: Dashboard, url: UrlState): DashboardTime {
  const [tick, setTick] = useState(0);
  const refresh = useCallback(() => setTick((count) => count + 1), []);
  const zone = url.timezone || dashboard.timezone;
  const from = url.from ?? dashboard.time.from;
  const to = url.to ?? dashboard.time.to;
  const refreshEvery = url.refresh ?? dashboard.refresh;
  useInterval(refresh, parseDuration(refreshEvery));

  const resolved = useMemo(() => {
    // A refresh is what makes "now" another moment.
    void tick;
    const now = Date.now();
    const raw = { from: asTime(from), to: asTime(to) };
    const range = resolveRange(raw, now, zone);
    if (range) return { raw, range, problem: null };
    const fallback = { from: "now-1h", to: "now" };
    const problem = `The time range ${from} to ${to} cannot be read. The last hour is shown.`;
    return { raw: fallback, range: { from: now - 3_600_000, to: now }, problem };
  }, [from, to, zone, tick]);

  return { ...resolved, zone, refreshEvery, tick, refresh };
}

/** Grafana takes milliseconds in an address also when they are few. */
function asTime(text: string): string {
  return /^\d+$/.test(text) && text.length < 9 ? text.padStart(9, "0") : text;
}

/** Call again and again while the page is seen; what came due meanwhile is made up for when it is seen again. */
function useInterval(action: () => void, every: number | null): void {
  const last = useRef(Date.now());
  useEffect(() => {
    if (every === null || every < 1000) return;
    last.current = Date.now();
    const check = () => {
      if (document.hidden || Date.now() - last.current < every - 50) return;
      last.current = Date.now();
      action();
    };
    const timer = setInterval(check, Math.min(every, 1000));
    document.addEventListener("visibilitychange", check);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", check);
    };
  }, [action, every]);
}
