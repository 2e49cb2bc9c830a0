import { useQuery } from "@tanstack/react-query";
import { StateChip } from "kit/common/chip";
import { Since } from "kit/common/since";
import { Trouble } from "kit/common/trouble";
import { Link } from "wouter";
import { type ActiveAlert, rulesQuery } from "../../../api/alerting";
import { useDashboard } from "../../data/context";
import { type Json, number, record, text } from "../../model/json";
import classes from "../messages.module.css";
import type { PanelProps } from "../types";
import list from "./lists.module.css";

interface Listed {
  name: string;
  alert: ActiveAlert;
}

/** The alerts that Prometheus' rules have now. */
export default function AlertListPanel({ panel }: PanelProps) {
  const rules = useQuery(rulesQuery);
  const { fillText } = useDashboard();
  const { options } = panel;
  const all = (rules.data?.groups ?? []).flatMap(({ rules }) =>
    rules.flatMap((rule): Listed[] =>
      rule.type === "alerting" ? rule.alerts.map((alert) => ({ name: rule.name, alert })) : [],
    ),
  );
  const name = fillText(text(options.alertName), panel).toLowerCase();
  const fits = (one: Listed) => hasState(one.alert.state, options) && one.name.toLowerCase().includes(name);
  const shown = sorted(all.filter(fits), number(options.sortOrder) ?? 1).slice(
    0,
    number(options.maxItems) ?? 20,
  );
  return (
    <div className={list.list}>
      <Trouble error={rules.error} stale={rules.data !== undefined} />
      {rules.data && shown.length === 0 && (
        <div className={classes.centre} role="status">
          <span className={classes.quiet}>No alerts</span>
        </div>
      )}
      <ul>
        {shown.map(({ name, alert }) => (
          <li key={JSON.stringify(alert.labels)}>
            <StateChip tone={alert.state === "firing" ? "bad" : "warn"}>{alert.state}</StateChip>
            <Link href="/alerts">{name}</Link>
            <span className={list.more}>{alert.annotations.summary ?? ""}</span>
            <Since time={alert.activeAt} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What a file that names no states wants is what needs somebody. */
function hasState(state: string, options: Json): boolean {
  const filter = record(options.stateFilter);
  const wanted = Object.keys(filter).filter((one) => filter[one] === true);
  return wanted.length === 0 || wanted.includes(state);
}

/** 1 and 2 by name, 3 by how bad they are, 4 and 5 by when they began. */
function sorted(alerts: Listed[], order: number): Listed[] {
  const byName = (a: Listed, b: Listed) => a.name.localeCompare(b.name);
  const byTime = (a: Listed, b: Listed) => a.alert.activeAt.localeCompare(b.alert.activeAt);
  const compare: Record<number, (a: Listed, b: Listed) => number> = {
    2: (a, b) => byName(b, a),
    3: (a, b) => a.alert.state.localeCompare(b.alert.state) || byName(a, b),
    4: byTime,
    5: (a, b) => byTime(b, a),
  };
  return [...alerts].sort(compare[order] ?? byName);
}
