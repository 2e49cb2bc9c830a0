import { Button, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { formatTime } from "kit/common/calendar";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import { StateChip, type Tone } from "kit/common/chip";
import filters from "kit/common/filters.module.css";
import { Trouble } from "kit/common/trouble";
import { PageLoading } from "kit/shell/page";
import { Link, useSearchParams } from "wouter";
import { type Silence, showMatcher, silencesQuery } from "../api/alerting";
import { ExpireButton } from "../silences/expire-button";
import classes from "./alerts.module.css";

const TONES: Record<Silence["status"]["state"], Tone> = { active: "ok", pending: "warn", expired: "quiet" };
const ORDER = ["active", "pending", "expired"];

/** The silences there are, and on request those that were. */
export function Silences() {
  const silences = useQuery(silencesQuery);
  const [search, setSearch] = useSearchParams();
  const withExpired = search.has("expired");
  const shown = (silences.data ?? [])
    .filter(({ status }) => withExpired || status.state !== "expired")
    .sort(
      (a, b) =>
        ORDER.indexOf(a.status.state) - ORDER.indexOf(b.status.state) ||
        Date.parse(b.endsAt) - Date.parse(a.endsAt),
    );
  return (
    <>
      <Trouble error={silences.error} stale={silences.data !== undefined} />
      <div className={filters.filters}>
        <Button component={Link} href="/silences/new" size="xs">
          New silence
        </Button>
        <Switch
          size="sm"
          label="Also those that are over"
          checked={withExpired}
          onChange={() =>
            setSearch(changeUrl(search, { expired: withExpired ? null : "1" }), { replace: true })
          }
        />
      </div>
      {silences.data === undefined && !silences.error && <PageLoading />}
      {silences.data && shown.length === 0 && (
        <p className={calm.calm} role="status">
          Nothing is silenced.
        </p>
      )}
      <ul className={classes.cards} aria-label="Silences">
        {shown.map((silence) => (
          <SilenceCard key={silence.id} silence={silence} />
        ))}
      </ul>
    </>
  );
}

function SilenceCard({ silence }: { silence: Silence }) {
  const { state } = silence.status;
  return (
    <li className={classes.card} data-tone="quiet">
      <div className={classes.cardHead}>
        <StateChip tone={TONES[state]}>{state}</StateChip>
        <code className={classes.matchers}>{silence.matchers.map(showMatcher).join(", ")}</code>
      </div>
      <p className={classes.summary}>{silence.comment}</p>
      <div className={classes.cardFoot}>
        <span>
          {silence.createdBy}, {formatTime(Date.parse(silence.startsAt))} to{" "}
          {formatTime(Date.parse(silence.endsAt))}
        </span>
        <span className={classes.actions}>
          <Link href={`/silences/${silence.id}/edit`}>
            {state === "expired" ? "Silence again" : "Change"}
          </Link>
          {state !== "expired" && <ExpireButton id={silence.id} />}
        </span>
      </div>
    </li>
  );
}
