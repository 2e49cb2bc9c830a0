import { Button } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import trouble from "kit/common/trouble.module.css";
import CircleAlert from "lucide-react/icons/circle-alert";
import { useEffect, useState } from "react";
import { errorWords } from "../api/errors";
import type { Page as PageOf } from "../api/types";
import { t } from "../i18n";
import { feed } from "../live/current";
import { useAction } from "../parts/action";
import { Confirm } from "../parts/confirm";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { type Decided, type Decision, decide, type HeldOrder } from "./held";
import { HeldTable } from "./held-table";
import classes from "./imports.module.css";

/** How often is looked whether somebody else has decided meanwhile. */
const READ_AGAIN_MS = 30_000;

interface Props {
  /** Of one import; of all, where none is given. */
  jobId?: number;
  onDecided?: () => void;
}

/** Orders that were held back, to be released or discarded; nothing where none is. */
export function HeldOrders({ jobId, onDecided }: Props) {
  const client = useQueryClient();
  const held = useHeldOrders(jobId);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [isDiscarding, setDiscarding] = useState(false);
  const [decided, setDecided] = useState<Decided | null>(null);
  const { busy, error, run } = useAction();
  const found = held.data?.pages.flatMap(({ items }) => items) ?? [];
  const meant = found.filter(({ held_id }) => chosen.has(held_id));
  const carryOut = async (decision: Decision) => {
    const outcome = await decide(ask, meant, decision);
    setDecided(outcome);
    setChosen(new Set(outcome.refused.map(({ order }) => order.held_id)));
    await client.invalidateQueries({ queryKey: ["held-orders"] });
    onDecided?.();
  };
  if (held.data && found.length === 0 && !decided) return null;
  return (
    <section className={classes.section} aria-label={t("held.title")}>
      <h2>{t("held.title")}</h2>
      <Trouble error={held.error ?? error} />
      {found.length > 0 && <p>{t("held.means")}</p>}
      <Told decided={decided} />
      {held.data && found.length === 0 && <p>{t("held.none")}</p>}
      {found.length > 0 && (
        <>
          <div className={classes.buttons}>
            <Button
              loading={busy}
              disabled={meant.length === 0}
              onClick={() => void run(() => carryOut("release"))}
            >
              {t("held.release", { count: meant.length })}
            </Button>
            <Button
              variant="default"
              disabled={busy || meant.length === 0}
              onClick={() => setDiscarding(true)}
            >
              {t("held.discard", { count: meant.length })}
            </Button>
          </div>
          <HeldTable orders={found} isOfOne={jobId !== undefined} chosen={chosen} onChoose={setChosen} />
        </>
      )}
      <More has={held.hasNextPage} busy={held.isFetchingNextPage} onMore={() => void held.fetchNextPage()} />
      {isDiscarding && (
        <Confirm
          title={t("held.discard_title", { count: meant.length })}
          means={t("held.discard_means")}
          action={t("held.discard_action")}
          onConfirm={() => carryOut("discard")}
          onClose={() => setDiscarding(false)}
        />
      )}
    </section>
  );
}

function useHeldOrders(jobId: number | undefined) {
  const held = useInfiniteQuery({
    queryKey: ["held-orders", jobId ?? null],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ after: String(pageParam) });
      if (jobId !== undefined) asked.set("job_id", String(jobId));
      return ask<PageOf<HeldOrder>>(`/api/held-orders?${asked}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
    refetchInterval: READ_AGAIN_MS,
  });
  const { refetch } = held;
  useEffect(
    () =>
      feed.follow({
        happened: (events) => {
          if (events.some(({ type }) => type === "import.finished")) void refetch();
        },
        missed: () => void refetch(),
      }),
    [refetch],
  );
  return held;
}

/** What became of the last decision. */
function Told({ decided }: { decided: Decided | null }) {
  const { done = [], refused = [], decision } = decided ?? {};
  const said = decision === "discard" ? "discarded" : "released";
  return (
    <>
      <p role="status">{done.length > 0 && t(`held.${said}`, { count: done.length })}</p>
      {refused.length > 0 && (
        <div className={trouble.trouble} role="alert">
          <CircleAlert size={16} aria-hidden />
          <span>
            {t("held.refused", { count: refused.length })}
            {refused.map(({ order, error, now }) => (
              <span key={order.held_id} className={classes.difference}>
                <b>{order.number}</b>: {errorWords(error)}{" "}
                {now?.hindrance && t(`held.hindrance.${now.hindrance}`)}
              </span>
            ))}
          </span>
        </div>
      )}
    </>
  );
}
