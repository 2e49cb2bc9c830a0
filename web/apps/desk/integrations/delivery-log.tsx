import { Button, NativeSelect } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { StateChip, type Tone } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { number } from "kit/i18n/format";
import { useState } from "react";
import type { Page } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import { DELIVERY_STATES, type Delivery, type DeliveryState, type SentDelivery } from "./integrations";
import classes from "./integrations.module.css";
import { eventWords } from "./words";

const TONES: Record<DeliveryState, Tone> = { waiting: "warn", delivered: "ok", given_up: "bad" };

/** What was sent to a receiver, the newest first, and what waits. */
export function DeliveryLog({ path }: { path: string }) {
  const [status, setStatus] = useState("");
  const deliveries = useInfiniteQuery({
    queryKey: ["deliveries", path, status],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "50" });
      if (pageParam) query.set("after", String(pageParam));
      if (status) query.set("status", status);
      return ask<Page<Delivery>>(`${path}/deliveries?${query}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
    // What waits is on its way: how it went is seen soon.
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some((one) => one.status === "waiting")) ? 2_000 : 15_000,
  });
  const { error, run } = useAction();
  const replay = (id: number) =>
    void run(async () => {
      await ask(`${path}/deliveries/${id}/replay`, { method: "POST" });
      await deliveries.refetch();
    });
  const found = deliveries.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className={admin.section}>
      <h2>{t("deliveries.title")}</h2>
      <div className={admin.buttons}>
        <NativeSelect
          label={t("column.state")}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
          data={[
            { value: "", label: t("state.all") },
            ...DELIVERY_STATES.map((value) => ({ value, label: t(`delivery.${value}`) })),
          ]}
        />
      </div>
      <Trouble error={error ?? deliveries.error} />
      {deliveries.data && found.length === 0 && <p>{t("deliveries.none")}</p>}
      {found.length > 0 && <Deliveries deliveries={found} path={path} onReplay={replay} />}
      <More
        has={deliveries.hasNextPage}
        busy={deliveries.isFetchingNextPage}
        onMore={() => void deliveries.fetchNextPage()}
      />
    </section>
  );
}

interface ListProps {
  deliveries: Delivery[];
  path: string;
  onReplay: (id: number) => void;
}

function Deliveries({ deliveries, path, onReplay }: ListProps) {
  const now = useNow(5_000);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("column.when")}</th>
            <th>{t("deliveries.what")}</th>
            <th>{t("column.state")}</th>
            <th>{t("deliveries.attempts")}</th>
            <th>{t("deliveries.last")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {deliveries.map((one) => (
            <tr key={one.delivery_id} data-delivery={one.delivery_id}>
              <td>
                <When at={one.occurred_at} now={now} />
              </td>
              <td>
                {eventWords(one.type)}
                <Content path={`${path}/deliveries/${one.delivery_id}`} />
              </td>
              <td>
                <StateChip tone={TONES[one.status]}>{t(`delivery.${one.status}`)}</StateChip>
              </td>
              <td className={table.number}>{number(one.attempts)}</td>
              <td>
                <Answer delivery={one} now={now} />
              </td>
              <td className={admin.end}>
                <Button size="xs" variant="default" onClick={() => onReplay(one.delivery_id)}>
                  {t("deliveries.replay")}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Answer({ delivery, now }: { delivery: Delivery; now: number }) {
  const { answer_status, trouble, next_attempt_at, attempts } = delivery;
  return (
    <>
      {answer_status !== null && <span>HTTP {answer_status}</span>}
      {trouble && <div className={classes.why}>{trouble}</div>}
      {next_attempt_at && attempts > 0 && (
        <div className={classes.why}>
          {t("deliveries.next")} <When at={next_attempt_at} now={now} />
        </div>
      )}
    </>
  );
}

/** What is sent, fetched when somebody wants to see it. */
function Content({ path }: { path: string }) {
  const [open, setOpen] = useState(false);
  const sent = useQuery({
    queryKey: ["delivery", path],
    queryFn: ({ signal }) => ask<SentDelivery>(path, { signal }),
    enabled: open,
  });
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("deliveries.content")}</summary>
      <Trouble error={sent.error} />
      {sent.data && (
        <pre className={classes.content}>
          {`webhook-id: ${sent.data.message_id}\n${JSON.stringify(sent.data.data, null, 2)}`}
        </pre>
      )}
    </details>
  );
}
