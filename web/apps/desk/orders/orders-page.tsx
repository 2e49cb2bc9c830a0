import { Button, Checkbox } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { number } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link } from "wouter";
import type { Page as PageOf, Requisition, TaskSummary } from "../api/types";
import { t } from "../i18n";
import { feed } from "../live/current";
import { useAction } from "../parts/action";
import { choosing } from "../parts/choosing";
import { DueWords } from "../parts/due-words";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";

const CHANGES_THEM = new Set([
  "requisition.created",
  "requisitions.imported",
  "task.created",
  "tasks.released",
]);

const ClusterDialog = lazy(() => import("./cluster-dialog"));

/** Orders that nobody can pick yet, since there is no task of them. */
export default function OrdersPage() {
  const orders = useInfiniteQuery({
    queryKey: ["orders"],
    queryFn: ({ pageParam, signal }) =>
      ask<PageOf<Requisition>>(`/api/requisitions?released=false&limit=100&after=${pageParam}`, { signal }),
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const { refetch } = orders;
  useEffect(
    () =>
      feed.follow({
        happened: (events) => {
          if (events.some(({ type }) => CHANGES_THEM.has(type))) void refetch();
        },
        missed: () => void refetch(),
      }),
    [refetch],
  );
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [isTogether, setTogether] = useState(false);
  const [made, setMade] = useState<TaskSummary[]>([]);
  const { busy, error, run } = useAction();
  const found = orders.data?.pages.flatMap(({ items }) => items) ?? [];
  const wanted = found.filter(({ requisition_id }) => chosen.has(requisition_id));
  const release = () =>
    run(async () => {
      const json = { requisition_ids: wanted.map(({ requisition_id }) => requisition_id) };
      setMade(await ask<TaskSummary[]>("/api/tasks", { method: "POST", json }));
      setChosen(new Set());
      await refetch();
    });
  const madeTogether = (tasks: TaskSummary[]) => {
    setTogether(false);
    setMade(tasks);
    setChosen(new Set());
    void refetch();
  };
  const actions = (
    <>
      <Button variant="default" disabled={wanted.length < 2} onClick={() => setTogether(true)}>
        {t("orders.together")}
      </Button>
      <Button loading={busy} disabled={wanted.length === 0} onClick={() => void release()}>
        {t("orders.release", { count: wanted.length })}
      </Button>
    </>
  );
  return (
    <Page title={t("orders.title")} actions={actions}>
      <Trouble error={error ?? orders.error} />
      <p role="status">
        {made.length > 0 && t("orders.released", { count: made.length })}
        {made.length === 1 && (
          <>
            {" "}
            <Link href={`/tasks/${made[0]?.task_id}`}>{t("column.task")}</Link>
          </>
        )}
      </p>
      {isTogether && (
        <Suspense>
          <ClusterDialog orders={wanted} onDone={madeTogether} onClose={() => setTogether(false)} />
        </Suspense>
      )}
      {!orders.data && !orders.error && <PageLoading />}
      {orders.data && found.length === 0 && (
        <p className={calm.calm}>
          {t("orders.none")} <Link href="/imports">{t("nav.imports")}</Link>
        </p>
      )}
      {found.length > 0 && <Orders orders={found} chosen={chosen} onChoose={setChosen} />}
      <More
        has={orders.hasNextPage}
        busy={orders.isFetchingNextPage}
        onMore={() => void orders.fetchNextPage()}
      />
    </Page>
  );
}

interface OrdersProps {
  orders: Requisition[];
  chosen: ReadonlySet<number>;
  onChoose: (chosen: ReadonlySet<number>) => void;
}

function Orders({ orders, chosen, onChoose }: OrdersProps) {
  const now = useNow(15_000);
  const able = orders.map(({ requisition_id }) => requisition_id);
  const { areAll, toggle, toggleAll } = choosing(able, chosen, onChoose);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>
              <Checkbox aria-label={t("orders.all")} checked={areAll} onChange={toggleAll} />
            </th>
            <th>{t("column.order")}</th>
            <th>{t("column.destination")}</th>
            <th>{t("column.due")}</th>
            <th>{t("column.lines")}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map(({ requisition_id, number: name, destination, due_at, line_count, missing_rows }) => (
            <tr key={requisition_id}>
              <td>
                <Checkbox
                  aria-label={t("orders.choose", { number: name })}
                  checked={chosen.has(requisition_id)}
                  onChange={() => toggle(requisition_id)}
                />
              </td>
              <td>
                <b>{name}</b> {missing_rows > 0 && t("orders.incomplete", { count: missing_rows })}
              </td>
              <td>{destination}</td>
              <td>
                <DueWords at={due_at} now={now} late={undefined} soon={undefined} />
              </td>
              <td className={table.number}>{number(line_count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
