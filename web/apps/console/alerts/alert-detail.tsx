import { Button } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, request } from "kit/api/client";
import { describeSpan } from "kit/common/ago";
import { LabelList } from "kit/common/chip";
import { Since } from "kit/common/since";
import { Trouble } from "kit/common/trouble";
import { Page, PageLoading } from "kit/shell/page";
import { useMemo } from "react";
import { Link } from "wouter";
import { type AlertingRule, alertsQuery, rulesQuery, silencesQuery } from "../api/alerting";
import { AdHoc, AdHocPanel } from "../dashboard/ad-hoc";
import { TimePicker } from "../dashboard/chrome/time-picker";
import { showMatchers } from "../silences/matchers";
import classes from "./alerts.module.css";
import { historyDashboard } from "./history-dashboard";
import { AlertCards } from "./now";
import { byUrgency, dashboardPath } from "./order";
import { isAlerting, StateOf, showNumber } from "./rules";

interface Runbook {
  name: string;
  title: string;
  html: string;
}

const runbookQuery = (name: string) =>
  queryOptions({
    queryKey: ["runbook", name],
    queryFn: ({ signal }) => request<Runbook>(`/api/runbooks/${encodeURIComponent(name)}`, { signal }),
    staleTime: 60_000,
  });

/** One alert: how it is, what it was, and beside it what to do about it. */
export default function AlertDetail({ name }: { name: string }) {
  const rules = useQuery(rulesQuery);
  const alerts = useQuery(alertsQuery);
  const silences = useQuery(silencesQuery);
  const definition = useMemo(() => historyDashboard(name), [name]);
  const own = (rules.data?.groups ?? [])
    .flatMap(({ rules }) => rules.filter(isAlerting))
    .filter((rule) => rule.name === name);
  const sent = (alerts.data ?? []).filter(({ labels }) => labels.alertname === name).sort(byUrgency);
  const filter = showMatchers([{ name: "alertname", value: name, isRegex: false, isEqual: true }]);
  const dashboard = dashboardPath(own[0]?.annotations.dashboard_url?.replace(/\?.*\{\{.*$/, ""));
  return (
    <Page
      title={name}
      actions={
        <>
          <Button component={Link} href="/alerts" variant="default" size="xs">
            All alerts
          </Button>
          {dashboard && (
            <Button component={Link} href={dashboard} variant="default" size="xs">
              Dashboard
            </Button>
          )}
          <Button component={Link} href={`/silences/new?${new URLSearchParams({ filter })}`} size="xs">
            Silence
          </Button>
        </>
      }
    >
      <Trouble
        error={rules.error ?? alerts.error}
        stale={rules.data !== undefined || alerts.data !== undefined}
      />
      <div className={classes.beside}>
        <div className={classes.state}>
          {rules.data && own.length === 0 && <p role="status">Prometheus has no rule of this name.</p>}
          <AlertCards alerts={sent} all={alerts.data ?? []} silences={silences.data ?? []} />
          {own.map((rule) => (
            <RuleState key={rule.query} rule={rule} />
          ))}
          <AdHoc definition={definition}>
            <section className={classes.timeline} aria-label="History">
              <div className={classes.timelineHead}>
                <h2>History</h2>
                <TimePicker />
              </div>
              <AdHocPanel index={0} height={200} />
            </section>
          </AdHoc>
        </div>
        <RunbookText name={name} />
      </div>
    </Page>
  );
}

function RuleState({ rule }: { rule: AlertingRule }) {
  return (
    <section className={classes.rule} aria-label="Rule">
      <div className={classes.cardHead}>
        <StateOf state={rule.state} />
        <span>
          Holds for {describeSpan(rule.duration * 1000)} before it fires.{" "}
          <Link href={`/explore?${new URLSearchParams({ expr: rule.query })}`}>Ask its expression</Link>
        </span>
      </div>
      <pre className={classes.expression}>{rule.query}</pre>
      {rule.lastError && <p role="alert">{rule.lastError}</p>}
      {rule.alerts.length > 0 && (
        <ul className={classes.instances}>
          {rule.alerts.map((alert) => (
            <li key={JSON.stringify(alert.labels)}>
              <StateOf state={alert.state} /> {showNumber(alert.value)} for <Since time={alert.activeAt} />
              <LabelList labels={alert.labels} without={["alertname"]} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function RunbookText({ name }: { name: string }) {
  const runbook = useQuery(runbookQuery(name));
  if (runbook.error) {
    const unknown = runbook.error instanceof ApiError && runbook.error.status === 404;
    return <p role="alert">{unknown ? "There is no runbook for this alert." : runbook.error.message}</p>;
  }
  if (!runbook.data) return <PageLoading />;
  return (
    <article className={classes.runbook} aria-label="Runbook">
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: the server renders Markdown with HTML switched off */}
      <div dangerouslySetInnerHTML={{ __html: runbook.data.html }} />
    </article>
  );
}
