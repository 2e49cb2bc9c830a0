import { SegmentedControl, TextInput } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import { get, type Labels } from "../api/prometheus";
import { LabelList, StateChip, type Tone } from "../common/chip";
import { Since } from "../common/since";
import { Trouble } from "../common/trouble";
import { changeUrl } from "../dashboard/model/url-state";
import { Page, PageLoading } from "../shell/page";
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
const STATES = ["all", "up", "down", "unknown"];

const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: ({ signal }) =>
    get<{ activeTargets: Target[] }>("targets", new URLSearchParams({ state: "active" }), signal),
  refetchInterval: 5000,
});

/** What Prometheus scrapes, and how that goes. */
export default function TargetsPage() {
  const targets = useQuery(targetsQuery);
  const [search, setSearch] = useSearchParams();
  const words = search.get("search") ?? "";
  const state = search.get("state") ?? "all";
  const set = (change: Record<string, string | null>) =>
    setSearch(changeUrl(search, change), { replace: true });
  const all = targets.data?.activeTargets ?? [];
  const shown = all.filter((target) => isMeant(target, words, state));
  const jobs = [...new Set(shown.map(({ scrapePool }) => scrapePool))].sort();
  const count = (value: string) =>
    (value === "all" ? all : all.filter(({ health }) => health === value)).length;
  return (
    <Page title="Targets">
      <Trouble error={targets.error} stale={targets.data !== undefined} />
      <div className={classes.filters}>
        <TextInput
          aria-label="Search targets"
          placeholder="Job, address, label or error"
          value={words}
          onChange={(event) => set({ search: event.currentTarget.value || null })}
        />
        <SegmentedControl
          aria-label="State"
          size="xs"
          value={state}
          onChange={(value) => set({ state: value === "all" ? null : value })}
          data={STATES.map((value) => ({ value, label: `${value} ${count(value)}` }))}
        />
      </div>
      {targets.data === undefined && !targets.error && <PageLoading />}
      {targets.data && shown.length === 0 && <p role="status">No target fits.</p>}
      {shown.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.table}>
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

function isMeant(target: Target, words: string, state: string): boolean {
  if (state !== "all" && target.health !== state) return false;
  const labels = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  const text = [target.scrapePool, target.scrapeUrl, target.lastError, ...labels].join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
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
        <tr key={target.scrapeUrl}>
          <td>
            <StateChip tone={TONES[target.health]}>{target.health}</StateChip>
          </td>
          <td className={classes.address}>
            {target.scrapeUrl}
            {target.lastError && (
              <p className={classes.error} role="alert">
                {target.lastError}
              </p>
            )}
          </td>
          <td className={classes.number}>
            <Since time={target.lastScrape} suffix=" ago" />
          </td>
          <td className={classes.number}>{showSeconds(target.lastScrapeDuration)}</td>
          <td>
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
