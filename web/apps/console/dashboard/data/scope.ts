/** All that texts and queries of a panel can refer to. */
import type { Dashboard, Panel } from "../model/dashboard";
import { type DefaultFormat, interpolate, type Scope, single } from "../model/interpolate";
import { type Step, timeVariables } from "../model/intervals";
import type { TimeRange } from "../model/time";

/** The variables of the dashboard, those of a repeated panel's copy, and the built-in ones. */
export function panelScope(
  dashboard: Dashboard,
  scope: Scope,
  range: TimeRange,
  panel: Panel | null,
  step: Step | null,
): Scope {
  const full: Scope = { ...scope };
  for (const [name, value] of Object.entries(panel?.scoped ?? {})) {
    const index = scope[name]?.values.indexOf(value) ?? -1;
    full[name] = { ...single(value, scope[name]?.texts[index] ?? value), multi: scope[name]?.multi ?? false };
  }
  const builtIn = {
    ...timeVariables(range, step),
    __dashboard: dashboard.title,
    timezone: dashboard.timezone,
  };
  for (const [name, value] of Object.entries(builtIn)) full[name] = single(value);
  return full;
}

/** Fill a text of a panel in. */
export function fill(template: string, scope: Scope, format: DefaultFormat = "text"): string {
  return interpolate(template, scope, format);
}
