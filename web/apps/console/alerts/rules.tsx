import { useQuery } from "@tanstack/react-query";
import { LabelList, StateChip, type Tone } from "kit/common/chip";
import { FilterBar, isMeant, useFilter } from "kit/common/filters";
import { Since } from "kit/common/since";
import table from "kit/common/table.module.css";
import { Trouble } from "kit/common/trouble";
import { PageLoading } from "kit/shell/page";
import { Link } from "wouter";
import { type ActiveAlert, type AlertingRule, type RuleState, rulesQuery } from "../api/alerting";
import classes from "./alerts.module.css";

const STATES: RuleState[] = ["firing", "pending", "inactive"];
const TONES: Record<RuleState, Tone> = { firing: "bad", pending: "warn", inactive: "ok" };

export function StateOf({ state }: { state: RuleState }) {
  return <StateChip tone={TONES[state]}>{state}</StateChip>;
}

/** The rules as Prometheus has them, by group, with what each finds now. */
export function Rules() {
  const rules = useQuery(rulesQuery);
  const filter = useFilter();
  const groups = (rules.data?.groups ?? [])
    .map((group) => ({ ...group, rules: group.rules.filter(isAlerting) }))
    .map((group) => ({
      ...group,
      rules: group.rules.filter((rule) => isMeant(filter, rule.state, textsOf(rule))),
    }))
    .filter((group) => group.rules.length > 0);
  const all = (rules.data?.groups ?? []).flatMap((group) => group.rules.filter(isAlerting));
  return (
    <>
      <Trouble error={rules.error} stale={rules.data !== undefined} />
      <FilterBar
        label="Search rules"
        placeholder="Name, service or expression"
        states={STATES}
        count={(state) => countOf(all, state)}
      />
      {rules.data === undefined && !rules.error && <PageLoading />}
      {rules.data && groups.length === 0 && <p role="status">No rule fits.</p>}
      {groups.map((group) => (
        <section key={`${group.file} ${group.name}`} className={classes.group}>
          <h2>
            {group.name} <small>{group.file.split("/").at(-1)}</small>
          </h2>
          <div className={table.scroll}>
            <table className={`${table.table} ${classes.rules}`}>
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

function textsOf(rule: AlertingRule): string[] {
  return [rule.name, rule.labels.service ?? "", rule.query];
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
              <p className={table.error} role="alert">
                Cannot be evaluated: {rule.lastError}
              </p>
            )}
          </>
        )}
      </td>
      <td>{alert && <Since time={alert.activeAt} />}</td>
      <td className={table.number}>{alert && showNumber(alert.value)}</td>
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
