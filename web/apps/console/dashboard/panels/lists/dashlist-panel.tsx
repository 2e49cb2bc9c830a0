import { useQuery } from "@tanstack/react-query";
import { Trouble } from "kit/common/trouble";
import { Link } from "wouter";
import { dashboardsQuery } from "../../../api/dashboards";
import { useDashboard } from "../../data/context";
import { flag, number, strings, text } from "../../model/json";
import classes from "../messages.module.css";
import type { PanelProps } from "../types";
import list from "./lists.module.css";

/** Dashboards by words and tags. Nobody's favourites are kept here, nor what was looked at last. */
export default function DashListPanel({ panel }: PanelProps) {
  const { data, error } = useQuery(dashboardsQuery);
  const { fillText } = useDashboard();
  const { options } = panel;
  const words = fillText(text(options.query), panel).toLowerCase();
  const tags = strings(options.tags);
  const fits = (data ?? []).filter(
    (entry) => entry.title.toLowerCase().includes(words) && tags.every((tag) => entry.tags.includes(tag)),
  );
  const asked = flag(options.showSearch);
  const notes = [
    flag(options.showStarred) && "Starred dashboards are kept by Grafana only.",
    flag(options.showRecentlyViewed) && "What was viewed last is known to Grafana only.",
  ].filter((note) => note !== false);
  return (
    <div className={list.list}>
      <Trouble error={error} stale={data !== undefined} />
      {notes.map((note) => (
        <p key={note} className={list.note} role="note">
          {note}
        </p>
      ))}
      {data && asked && fits.length === 0 && (
        <div className={classes.centre} role="status">
          <span className={classes.quiet}>No dashboard fits.</span>
        </div>
      )}
      {asked && (
        <ul>
          {fits.slice(0, number(options.maxItems) ?? 30).map((entry) => (
            <li key={entry.uid}>
              <Link href={`/d/${encodeURIComponent(entry.uid)}`}>{entry.title}</Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
