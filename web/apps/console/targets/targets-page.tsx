import { queryOptions, useQuery } from "@tanstack/react-query";
import { LabelList, StateChip, type Tone } from "kit/common/chip";
import { FilterBar, isMeant, useFilter } from "kit/common/filters";
import { Since } from "kit/common/since";
import table from "kit/common/table.module.css";
import { Trouble } from "kit/common/trouble";
import { Page, PageLoading } from "kit/shell/page";
import { get, type Labels } from "../api/prometheus";
import classes from "./targets-page.module.css";

interface Target {
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  health: "up" | "down" | "unknown";
  lastError: string;
  lastScrape: string;
  /** Seconds. */
  lastScrapeDuration: number;
}

const TONES: Record<Target["health"], Tone> = { up: "ok", down: "bad", unknown: "warn" };
const STATES = ["up", "down", "unknown"];

const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: ({ signal }) =>
    get<{ activeTargets: Target[] }>("targets", new URLSearchParams({ state: "active" }), signal),
  refetchInterval: 5000,
});

/** What Prometheus scrapes, and how that goes. */
export default function TargetsPage() {
  const targets = useQuery(targetsQuery);
  const filter = useFilter();
  const all = targets.data?.activeTargets ?? [];
  const shown = all.filter((target) => isMeant(filter, target.health, textsOf(target)));
  const jobs = [...new Set(shown.map(({ scrapePool }) => scrapePool))].sort();
  const count = (state: string) =>
    (state === "all" ? all : all.filter(({ health }) => health === state)).length;
  return (
    <Page title="Targets">
      <Trouble error={targets.error} stale={targets.data !== undefined} />
      <FilterBar
        label="Search targets"
        placeholder="Job, address, label or error"
        states={STATES}
        count={count}
      />
      {targets.data === undefined && !targets.error && <PageLoading />}
      {targets.data && shown.length === 0 && <p role="status">No target fits.</p>}
      {shown.length > 0 && (
        <div className={table.scroll}>
          <table className={`${table.table} ${classes.targets}`}>
            <thead>
              <tr>
                <th>State</th>
                <th>Address</th>
                <th>Last scrape</th>
                <th>Took</th>
                <th>Labels</th>
              </tr>
            </thead>
            {jobs.map((job) => (
              <Job key={job} name={job} targets={shown.filter(({ scrapePool }) => scrapePool === job)} />
            ))}
          </table>
        </div>
      )}
    </Page>
  );
}

function textsOf(target: Target): string[] {
  const labels = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  return [target.scrapePool, target.scrapeUrl, target.lastError, ...labels];
}

function Job({ name, targets }: { name: string; targets: Target[] }) {
  const up = targets.filter(({ health }) => health === "up").length;
  return (
    <tbody>
      <tr className={classes.job}>
        <th colSpan={5} scope="rowgroup">
          {name}{" "}
          <small>
            {up} of {targets.length} up
          </small>
        </th>
      </tr>
      {targets.map((target) => (
        <tr key={target.scrapeUrl} className={classes.target}>
          <td>
            <StateChip tone={TONES[target.health]}>{target.health}</StateChip>
          </td>
          <td className={classes.address}>
            {target.scrapeUrl}
            {target.lastError && (
              <p className={table.error} role="alert">
                {target.lastError}
              </p>
            )}
          </td>
          <td className={table.number}>
            <Since time={target.lastScrape} suffix=" ago" />
          </td>
          <td className={table.number}>{showSeconds(target.lastScrapeDuration)}</td>
          <td className={classes.labels}>
            <LabelList labels={target.labels} without={["job"]} />
          </td>
        </tr>
      ))}
    </tbody>
  );
}

function showSeconds(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
}
