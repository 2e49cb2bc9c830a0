import { useComputedColorScheme } from "@mantine/core";
import { type Change, changeUrl } from "kit/common/change-url";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import type { Scheme } from "../model/colors";
import type { Dashboard, Panel } from "../model/dashboard";
import { interpolateUrl } from "../model/interpolate";
import type { RawRange } from "../model/time";
import { readUrl, type UrlState } from "../model/url-state";
import { type CursorBus, createCursorBus } from "./cursor";
import { fill, panelScope } from "./scope";
import { type Annotations, useAnnotations } from "./use-annotations";
import { type DashboardTime, useTime } from "./use-time";
import { useVariables, type Variables } from "./use-variables";

export interface DashboardContextValue {
  dashboard: Dashboard;
  url: UrlState;
  time: DashboardTime;
  variables: Variables;
  annotations: Annotations;
  scheme: Scheme;
  cursor: CursorBus;
  /** Change the address, as a step that the back button takes back. */
  navigate: (change: Change, replace?: boolean) => void;
  setRange: (range: RawRange) => void;
  /** Fill variables into a title, a description, a link. */
  fillText: (template: string, panel?: Panel | null) => string;
  /** Fill variables, and values of its own, into an address. */
  fillUrl: (template: string, panel?: Panel | null, own?: Record<string, string>) => string;
}

const Context = createContext<DashboardContextValue | null>(null);

/** The dashboard that a component belongs to, with all that its panels share. */
export function useDashboard(): DashboardContextValue {
  const value = useContext(Context);
  if (!value) throw new Error("used outside of a dashboard");
  return value;
}

export function DashboardProvider({ dashboard, children }: { dashboard: Dashboard; children: ReactNode }) {
  const [search] = useSearchParams();
  const [path, go] = useLocation();
  const searchText = search.toString();
  const url = useMemo(() => readUrl(new URLSearchParams(searchText)), [searchText]);
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const [cursor] = useState(createCursorBus);
  const time = useTime(dashboard, url);
  const variables = useVariables(dashboard.variables, url.variables, time.range, time.tick);
  const annotations = useAnnotations(dashboard, variables, time);

  const navigate = useCallback(
    (change: Change, replace = false) => {
      const changed = changeUrl(new URLSearchParams(searchText), change).toString();
      if (changed !== searchText) go(changed ? `${path}?${changed}` : path, { replace });
    },
    [searchText, path, go],
  );
  const setRange = useCallback((range: RawRange) => navigate({ from: range.from, to: range.to }), [navigate]);
  const { scope } = variables;
  const { range } = time;
  const fillText = useCallback(
    (template: string, panel: Panel | null = null) =>
      fill(template, panelScope(dashboard, scope, range, panel, null)),
    [dashboard, scope, range],
  );
  const fillUrl = useCallback(
    (template: string, panel: Panel | null = null, own: Record<string, string> = {}) =>
      interpolateUrl(template, panelScope(dashboard, scope, range, panel, null), own),
    [dashboard, scope, range],
  );

  const value = useMemo(
    () => ({
      dashboard,
      url,
      time,
      variables,
      annotations,
      scheme,
      cursor,
      navigate,
      setRange,
      fillText,
      fillUrl,
    }),
    [dashboard, url, time, variables, annotations, scheme, cursor, navigate, setRange, fillText, fillUrl],
  );
  return <Context value={value}>{children}</Context>;
}
