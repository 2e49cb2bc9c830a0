import { Button } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import { useSearchParams } from "wouter";
import type { ListedShortage, OftenShort, Shortages } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ReplanDialog } from "../replan/replan-dialog";
import { ask, download } from "../session/current";
import { FILTERS, ShortageFilters } from "./shortage-filters";
import { ShortageTable } from "./shortage-table";
import classes from "./shortages.module.css";

/** What was short in all tasks, so that it is planned anew, and that an empty shelf is seen. */
export default function ShortagesPage() {
  const client = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const query = asked(search);
  const shortages = useInfiniteQuery({
    queryKey: ["shortages", query],
    queryFn: ({ pageParam, signal }) => {
      const page = new URLSearchParams(query);
      if (pageParam) page.set("before", pageParam);
      return ask<Shortages>(`/api/shortages?${page}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: ({ next_before }) => next_before,
    refetchInterval: 30_000,
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isReplanning, setReplanning] = useState(false);
  const change = (what: Record<string, string | null>) =>
    setSearch(changeUrl(search, what), { replace: true });
  const [first] = shortages.data?.pages ?? [];
  const found = shortages.data?.pages.flatMap(({ items }) => items) ?? [];
  const meant = found.filter(({ operation_id, still_short }) => chosen.has(operation_id) && still_short > 0);
  return (
    <Page
      title={t("shortages.title")}
      actions={
        <>
          <Files query={query} />
          <Button size="xs" disabled={meant.length === 0} onClick={() => setReplanning(true)}>
            {t("change.replan")}
          </Button>
        </>
      }
    >
      <ShortageFilters key={query} search={search} shown={first} onChange={change} />
      <Trouble error={shortages.error} />
      {!shortages.data && !shortages.error && <PageLoading />}
      {first && <Often often={first.often} onArticle={(sku) => change({ sku })} />}
      {shortages.data && found.length === 0 && <p className={calm.calm}>{t("shortages.none")}</p>}
      {found.length > 0 && <ShortageTable shortages={found} chosen={chosen} onChoose={setChosen} />}
      <More
        has={shortages.hasNextPage}
        busy={shortages.isFetchingNextPage}
        onMore={() => void shortages.fetchNextPage()}
      />
      {isReplanning && (
        <ReplanDialog
          wanted={byTask(meant)}
          onDone={() => {
            setChosen(new Set());
            void client.invalidateQueries({ queryKey: ["shortages"] });
          }}
          onClose={() => setReplanning(false)}
        />
      )}
    </Page>
  );
}

/** What of the address is asked for: days only both. */
function asked(search: URLSearchParams): string {
  const wanted = new URLSearchParams();
  const both = search.has("first_day") && search.has("last_day");
  for (const name of FILTERS) {
    const value = search.get(name);
    if (value && (both || !name.endsWith("_day"))) wanted.set(name, value);
  }
  return wanted.toString();
}

function byTask(shortages: ListedShortage[]): Map<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>();
  for (const { task_id, line_id } of shortages) {
    const lines = found.get(task_id) ?? new Set();
    found.set(task_id, lines.add(line_id));
  }
  return found;
}

function Files({ query }: { query: string }) {
  const { busy, error, run } = useAction();
  return (
    <>
      <Trouble error={error} />
      {(["csv", "xlsx"] as const).map((ending) => (
        <Button
          key={ending}
          size="xs"
          variant="default"
          disabled={busy}
          onClick={() =>
            void run(() => download(`/api/shortages/shortages.${ending}?${query}`, `shortages.${ending}`))
          }
        >
          {ending.toUpperCase()}
        </Button>
      ))}
    </>
  );
}

function Often({ often, onArticle }: { often: OftenShort[]; onArticle: (sku: string) => void }) {
  const again = often.filter(({ shortages }) => shortages > 1);
  if (again.length === 0) return null;
  return (
    <section>
      <h2 className={classes.heading}>{t("shortages.often")}</h2>
      <ul className={classes.often}>
        {again.map(({ sku, description, shortages, pieces }) => (
          <li key={sku}>
            <button type="button" className={classes.article} onClick={() => onArticle(sku)}>
              <b>{sku}</b> {description} · {t("shortages.times", { count: shortages })} ·{" "}
              {t("board.short", { count: pieces })}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
