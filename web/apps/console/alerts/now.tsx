import { useQuery } from "@tanstack/react-query";
import { formatTime } from "kit/common/calendar";
import calm from "kit/common/calm.module.css";
import { LabelList, StateChip } from "kit/common/chip";
import { Since } from "kit/common/since";
import { Trouble } from "kit/common/trouble";
import { PageLoading } from "kit/shell/page";
import { Link, useSearchParams } from "wouter";
import { alertsQuery, type SentAlert, type Silence, silencesQuery } from "../api/alerting";
import { parseMatchers, silenceLink } from "../silences/matchers";
import classes from "./alerts.module.css";
import { dashboardPath, sortOut, toneOf } from "./order";

/** The alerts that Alertmanager has now, those that are kept back with what keeps them. */
export function AlertsNow() {
  const alerts = useQuery(alertsQuery);
  const silences = useQuery(silencesQuery);
  const [search] = useSearchParams();
  const filter = search.get("filter") ?? "";
  const matchers = parseMatchers(filter);
  const { shown, watchdogs } = sortOut(alerts.data ?? [], matchers ?? []);
  return (
    <>
      <Trouble error={alerts.error ?? silences.error} stale={alerts.data !== undefined} />
      {filter !== "" && (
        <p className={classes.filter}>
          Only those with <code>{filter}</code>. <Link href="/alerts">Show all</Link>
        </p>
      )}
      {alerts.data === undefined && !alerts.error && <PageLoading />}
      {alerts.data && shown.length === 0 && (
        <p className={calm.calm} role="status">
          No alert {filter === "" ? "fires" : "fits"}.
        </p>
      )}
      <AlertCards alerts={shown} all={alerts.data ?? []} silences={silences.data ?? []} />
      {alerts.data && <Watchdogs alerts={watchdogs} />}
    </>
  );
}

interface Known {
  /** All alerts there are, those that are not shown too: one of them may be what keeps another back. */
  all: SentAlert[];
  silences: Silence[];
}

/** Alerts as a list of cards. */
export function AlertCards({ alerts, ...known }: Known & { alerts: SentAlert[] }) {
  if (alerts.length === 0) return null;
  return (
    <ul className={classes.cards} aria-label="Alerts">
      {alerts.map((alert) => (
        <AlertCard key={alert.fingerprint} alert={alert} {...known} />
      ))}
    </ul>
  );
}

type CardProps = Known & { alert: SentAlert };

function AlertCard({ alert, all, silences }: CardProps) {
  const { labels, annotations, status } = alert;
  const name = labels.alertname ?? "";
  const dashboard = dashboardPath(annotations.dashboard_url);
  return (
    <li
      className={classes.card}
      // What it is is said by its heading alone: another alert's card may name it as what keeps that one back.
      aria-label={labels.service ? `${name}, ${labels.service}` : name}
      data-tone={toneOf(labels.severity)}
      data-suppressed={status.state === "suppressed" || undefined}
    >
      <div className={classes.cardHead}>
        <StateChip tone={toneOf(labels.severity)}>{labels.severity ?? "no severity"}</StateChip>
        <h2>
          <Link href={`/alerts/${encodeURIComponent(name)}`}>{name}</Link>
        </h2>
        {labels.service && <span className={classes.service}>{labels.service}</span>}
        <span className={classes.since}>
          for <Since time={alert.startsAt} />
        </span>
      </div>
      <p className={classes.summary}>{annotations.summary}</p>
      {annotations.description && <p className={classes.description}>{annotations.description}</p>}
      <KeptBack alert={alert} all={all} silences={silences} />
      <div className={classes.cardFoot}>
        <LabelList labels={labels} without={["alertname", "service", "severity"]} />
        <span className={classes.actions}>
          {dashboard && <Link href={dashboard}>Dashboard</Link>}
          <Link href={`/alerts/${encodeURIComponent(name)}`}>Runbook</Link>
          {status.silencedBy.length === 0 && <Link href={silenceLink(labels)}>Silence</Link>}
        </span>
      </div>
    </li>
  );
}

function KeptBack({ alert, all, silences }: CardProps) {
  const { silencedBy, inhibitedBy } = alert.status;
  if (silencedBy.length === 0 && inhibitedBy.length === 0) return null;
  return (
    <ul className={classes.keptBack}>
      {silencedBy.map((id) => (
        <li key={id}>
          <StateChip tone="quiet">silenced</StateChip>{" "}
          <SilencedBy id={id} silence={silences.find((one) => one.id === id)} />
        </li>
      ))}
      {inhibitedBy.map((fingerprint) => (
        <li key={fingerprint}>
          <StateChip tone="quiet">inhibited</StateChip> by{" "}
          <InhibitedBy alert={all.find((one) => one.fingerprint === fingerprint)} />
        </li>
      ))}
    </ul>
  );
}

function SilencedBy({ id, silence }: { id: string; silence: Silence | undefined }) {
  if (!silence) return <>by {id}</>;
  return (
    <>
      by {silence.createdBy || "nobody"} until {formatTime(Date.parse(silence.endsAt))}: {silence.comment}{" "}
      <Link href={`/silences/${id}/edit`}>Change or end it</Link>
    </>
  );
}

function InhibitedBy({ alert }: { alert: SentAlert | undefined }) {
  if (!alert) return <>an alert that is over</>;
  const name = alert.labels.alertname ?? "";
  return (
    <>
      <Link href={`/alerts/${encodeURIComponent(name)}`}>{name}</Link> of {alert.labels.service}, which is{" "}
      {alert.labels.severity}
    </>
  );
}

function Watchdogs({ alerts }: { alerts: SentAlert[] }) {
  if (alerts.length === 0) {
    return (
      <p className={classes.note} role="status">
        The Watchdog, which always fires, is not among these alerts: they may not arrive.
      </p>
    );
  }
  return (
    <p className={classes.note}>
      Alerts arrive: {alerts.map(({ labels }) => labels.alertname).join(", ")} fires, as it always does, since{" "}
      <Since time={alerts[0]?.startsAt ?? ""} suffix="" />.
    </p>
  );
}
