import { Alert, Chip, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { changeUrl } from "kit/common/change-url";
import { Page, PageLoading } from "kit/shell/page";
import Search from "lucide-react/icons/search";
import { Link, useSearchParams } from "wouter";
import { type DashboardEntry, dashboardsQuery } from "../api/dashboards";
import classes from "./dashboards-page.module.css";

/** All dashboards, to be found by words and tags. */
export default function DashboardsPage() {
  const { data, error } = useQuery(dashboardsQuery);
  const [search, setSearch] = useSearchParams();
  const words = search.get("query") ?? "";
  const tags = search.getAll("tag");
  if (error && !data) {
    return (
      <Page title="Dashboards">
        <Alert color="red" title="The dashboards cannot be listed">
          {error.message}
        </Alert>
      </Page>
    );
  }
  if (!data) return <PageLoading />;
  const found = data.filter((entry) => fits(entry, words, tags));
  const all = [...new Set(data.flatMap((entry) => entry.tags))].sort();
  return (
    <Page title="Dashboards">
      <div className={classes.filters}>
        <TextInput
          className={classes.search}
          aria-label="Search dashboards"
          placeholder="Search"
          leftSection={<Search size={15} aria-hidden />}
          value={words}
          onChange={(event) =>
            setSearch(changeUrl(search, { query: event.currentTarget.value || null }), { replace: true })
          }
          autoFocus
        />
        <Chip.Group
          multiple
          value={tags}
          onChange={(chosen) => setSearch(changeUrl(search, { tag: chosen }))}
        >
          <div className={classes.tags}>
            {all.map((tag) => (
              <Chip key={tag} value={tag} size="xs" variant="outline">
                {tag}
              </Chip>
            ))}
          </div>
        </Chip.Group>
      </div>
      {found.length === 0 && <p role="status">No dashboard fits.</p>}
      <ul className={classes.list}>
        {found.map((entry) => (
          <Entry key={entry.uid} entry={entry} />
        ))}
      </ul>
    </Page>
  );
}

function fits(entry: DashboardEntry, words: string, tags: string[]): boolean {
  const text = `${entry.title} ${entry.description} ${entry.uid} ${entry.file}`.toLowerCase();
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return wanted.every((word) => text.includes(word)) && tags.every((tag) => entry.tags.includes(tag));
}

function Entry({ entry }: { entry: DashboardEntry }) {
  return (
    <li className={classes.entry} data-broken={entry.error !== null || undefined}>
      <Link href={`/d/${encodeURIComponent(entry.uid)}`} className={classes.link}>
        <span className={classes.title}>{entry.title}</span>
        {entry.error === null ? (
          <span className={classes.description}>{entry.description}</span>
        ) : (
          <span className={classes.error}>Cannot be read: {entry.error}</span>
        )}
      </Link>
      <span className={classes.entryTags}>
        {entry.tags.map((tag) => (
          <span key={tag}>{tag}</span>
        ))}
      </span>
    </li>
  );
}
