import { Button, Checkbox, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { day } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import type { Refusal } from "kit/work/refusal";
import { type FormEvent, useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { Refusals } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import filters from "../parts/filters.module.css";
import { midnight } from "../parts/midnight";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { WorkerSelect } from "../parts/worker-select";
import { ask, download } from "../session/current";
import { AttachDialog } from "./attach-dialog";
import { reasonWords } from "./reasons";
import classes from "./refusals.module.css";

const FILTERS = ["worker", "sku", "code", "late"] as const;

/** What workers sent that did not count, so that a wrong barcode is found. */
export default function RefusalsPage() {
  const [search, setSearch] = useSearchParams();
  const wanted = new URLSearchParams();
  for (const name of FILTERS) if (search.get(name)) wanted.set(name, search.get(name) as string);
  const since = midnight(search.get("from"), 0);
  if (since) wanted.set("since", since);
  const query = wanted.toString();
  const refusals = useInfiniteQuery({
    queryKey: ["refusals", query],
    queryFn: ({ pageParam, signal }) => {
      const page = new URLSearchParams(query);
      if (pageParam) page.set("before", pageParam);
      return ask<Refusals>(`/api/refusals?${page}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: ({ next_before }) => next_before,
    refetchInterval: 30_000,
  });
  const [attached, setAttached] = useState("");
  const { busy, error, run } = useAction();
  const file = () => download(`/api/refusals/refusals.csv?${query}`, "refused.csv");
  const found = refusals.data?.pages.flatMap(({ items }) => items) ?? [];
  const removed = refusals.data?.pages.at(-1)?.removed_before;
  return (
    <Page
      title={t("refusals.title")}
      actions={
        <Button size="xs" variant="default" disabled={busy} onClick={() => void run(file)}>
          CSV
        </Button>
      }
    >
      <p>{t("refusals.means")}</p>
      <Filters
        key={query}
        search={search}
        onChange={(change) => setSearch(changeUrl(search, change), { replace: true })}
      />
      <Trouble error={error ?? refusals.error} />
      <p role="status">{attached && t("attach.done", { sku: attached })}</p>
      {removed && <p>{t("refusals.removed", { day: day(Date.parse(removed)) })}</p>}
      {!refusals.data && !refusals.error && <PageLoading />}
      {refusals.data && found.length === 0 && <p className={calm.calm}>{t("refusals.none")}</p>}
      {found.length > 0 && (
        <RefusalsTable
          refusals={found}
          onCode={(code) => setSearch(changeUrl(search, { code }), { replace: true })}
          onAttached={setAttached}
        />
      )}
      <More
        has={refusals.hasNextPage}
        busy={refusals.isFetchingNextPage}
        onMore={() => void refusals.fetchNextPage()}
      />
    </Page>
  );
}

interface FiltersProps {
  search: URLSearchParams;
  onChange: (change: Record<string, string | null>) => void;
}

function Filters({ search, onChange }: FiltersProps) {
  const [sku, setSku] = useState(search.get("sku") ?? "");
  const [code, setCode] = useState(search.get("code") ?? "");
  const [from, setFrom] = useState(search.get("from") ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ sku: sku.trim() || null, code: code || null, from: from || null });
  };
  return (
    <form className={filters.filters} onSubmit={submit}>
      <WorkerSelect value={search.get("worker")} onChange={(worker) => onChange({ worker })} />
      <TextInput
        label={t("column.article")}
        value={sku}
        onChange={(event) => setSku(event.currentTarget.value)}
      />
      <TextInput
        label={t("column.code")}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <TextInput
        type="date"
        label={t("refusals.since")}
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t("refusals.filter")}
      </Button>
      <Checkbox
        label={t("refusals.late")}
        checked={search.has("late")}
        onChange={(event) => onChange({ late: event.currentTarget.checked ? "true" : null })}
      />
    </form>
  );
}

interface TableProps {
  refusals: Refusal[];
  onCode: (code: string) => void;
  onAttached: (sku: string) => void;
}

function RefusalsTable({ refusals, onCode, onAttached }: TableProps) {
  const now = useNow(15_000);
  const [attaching, setAttaching] = useState<string | null>(null);
  return (
    <div className={table.scroll}>
      {attaching !== null && (
        <AttachDialog code={attaching} onDone={onAttached} onClose={() => setAttaching(null)} />
      )}
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("column.when")}</th>
            <th>{t("column.worker")}</th>
            <th>{t("column.reason")}</th>
            <th>{t("column.code")}</th>
            <th>{t("column.article")}</th>
            <th>{t("column.task")}</th>
          </tr>
        </thead>
        <tbody>
          {refusals.map((one, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: not each has an id
            <tr key={place}>
              <td>
                <When at={one.refused_at} now={now} />
              </td>
              <td>
                {one.worker}
                {one.handed_in_by && ` · ${t("refusals.handed_in", { name: one.handed_in_by })}`}
              </td>
              <td>{[reasonWords(one.reason), one.detail].filter(Boolean).join(" · ")}</td>
              <td>
                {one.code && (
                  <button type="button" className={classes.code} onClick={() => onCode(one.code as string)}>
                    <code>{visible(one.code)}</code>
                    <span className="visually-hidden">{t("refusals.of_code")}</span>
                  </button>
                )}
              </td>
              <td>
                {one.reason === "unknown_code" && one.code ? (
                  <Button size="compact-xs" variant="default" onClick={() => setAttaching(one.code)}>
                    {t("attach.to_article")}
                  </Button>
                ) : (
                  (one.sku ?? "–")
                )}
              </td>
              <td>
                {one.task_id === null ? "–" : <Link href={`/tasks/${one.task_id}`}>{one.task_id}</Link>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A code with a mark in the place of each character that cannot be seen. */
const visible = (code: string) => code.replace(/\p{Cc}/gu, "␣");
