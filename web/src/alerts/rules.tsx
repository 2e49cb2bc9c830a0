import { SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { type ActiveAlert, type AlertingRule, type RuleState, rulesQuery } from "../api/alerting";
import { LabelList, StateChip, type Tone } from "../common/chip";
import { Since } from "../common/since";
import { Trouble } from "../common/trouble";
import { changeUrl } from "../dashboard/model/url-state";
import { PageLoading } from "../shell/page";
import classes from "./alerts.module.css";

const STATES: RuleState[] = ["firing", "pending", "inactive"];
const TONES: Record<RuleState, Tone> = { firing: "bad", pending: "warn", inactive: "ok" };

export function StateOf({ state }: { state: RuleState }) {
  return <StateChip tone={TONES[state]}>{state}</StateChip>;
}

/** The rules as Prometheus has them, by group, with what each finds now. */
export function Rules() {
  const rules = useQuery(rulesQuery);
  const [search, setSearch] = useSearchParams();
  const words = search.get("search") ?? "";
  const state = search.get("state") ?? "all";
  const set = (change: Record<string, string | null>) =>
    setSearch(changeUrl(search, change), { replace: true });
  const groups = (rules.data?.groups ?? [])
    .map((group) => ({
      ...group,
      rules: group.rules.filter(isAlerting).filter((rule) => isMeant(rule, words, state)),
    }))
    .filter((group) => group.rules.length > 0);
  const all = (rules.data?.groups ?? []).flatMap((group) => group.rules.filter(isAlerting));
  return (
    <>
      <Trouble error={rules.error} stale={rules.data !== undefined} />
      <div className={classes.filters}>
        <TextInput
          aria-label="Search rules"
          placeholder="Name, service or expression"
          value={words}
          onChange={(event) => set({ search: event.currentTarget.value || null })}
        />
        <SegmentedControl
          aria-label="State"
          size="xs"
          value={state}
          onChange={(value) => set({ state: value === "all" ? null : value })}
          data={["all", ...STATES].map((value) => ({ value, label: `${value} ${countOf(all, value)}` }))}
        />
      </div>
      {rules.data === undefined && !rules.error && <PageLoading />}
      {rules.data && groups.length === 0 && <p role="status">No rule fits.</p>}
      {groups.map((group) => (
        <section key={`${group.file} ${group.name}`} className={classes.group}>
          <h2>
            {group.name} <small>{group.file.split("/").at(-1)}</small>
          </h2>
          <div className={classes.scroll}>
            <table className={classes.table}>
              <thead>
                <tr>
                  <th>State</th>
                  <th>Alert</th>
                  <th>Since</th>
                  <th>Value</th>
                  <th>Labels</th>
                </tr>
              </thead>
              <tbody>
                {group.rules.map((rule) => (
                  <RuleRows key={`${rule.name} ${rule.query}`} rule={rule} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ))}
    </>
  );
}

export function isAlerting(rule: { type: string }): rule is AlertingRule {
  return rule.type === "alerting";
}

function isMeant(rule: AlertingRule, words: string, state: string): boolean {
  if (state !== "all" && rule.state !== state) return false;
  const text = `${rule.name} ${rule.labels.service ?? ""} ${rule.query}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function countOf(rules: AlertingRule[], state: string): number {
  return state === "all" ? rules.length : rules.filter((rule) => rule.state === state).length;
}

function RuleRows({ rule }: { rule: AlertingRule }) {
  const instances: (ActiveAlert | null)[] = rule.alerts.length > 0 ? rule.alerts : [null];
  return instances.map((alert, index) => (
    <tr key={alert ? JSON.stringify(alert.labels) : "none"}>
      <td>
        <StateOf state={alert?.state ?? rule.state} />
      </td>
      <td>
        {index === 0 && (
          <>
            <Link href={`/alerts/${encodeURIComponent(rule.name)}`}>{rule.name}</Link>
            {rule.labels.severity && <small className={classes.severity}>{rule.labels.severity}</small>}
            {rule.health === "err" && (
              <p className={classes.ruleError} role="alert">
                Cannot be evaluated: {rule.lastError}
              </p>
            )}
          </>
        )}
      </td>
      <td>{alert && <Since time={alert.activeAt} />}</td>
      <td className={classes.number}>{alert && showNumber(alert.value)}</td>
      <td>
        <LabelList labels={alert?.labels ?? {}} without={["alertname", "severity"]} />
      </td>
    </tr>
  ));
}

/** A value as Prometheus writes it ("1.2e+00"), for people. */
export function showNumber(value: string): string {
  const number = Number(value);
  return Number.isFinite(number) ? String(Number(number.toPrecision(4))) : value;
}
