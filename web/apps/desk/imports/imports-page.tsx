import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { StateChip, type Tone } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { number } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import type { ImportJob, JobStatus, Page as PageOf } from "../api/types";
import { t } from "../i18n";
import { feed } from "../live/current";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import { Drop } from "./drop";
import { HeldOrders } from "./held-orders";
import classes from "./imports.module.css";
import { PreviewCard } from "./preview-card";

const TONES: Record<JobStatus, Tone> = {
  queued: "quiet",
  reading: "quiet",
  sending: "quiet",
  succeeded: "ok",
  failed: "bad",
};

/** Files of orders: one to be handed in, and what became of those before. */
export default function ImportsPage() {
  const [file, setFile] = useState<File | null>(null);
  const [, go] = useLocation();
  return (
    <Page title={t("imports.title")}>
      {file ? (
        <PreviewCard
          key={`${file.name} ${file.lastModified}`}
          file={file}
          subject="orders"
          onSent={({ job_id }) => go(`/imports/${job_id}`)}
          onDiscard={() => setFile(null)}
        />
      ) : (
        <Drop label={t("imports.drop")} onFile={setFile} />
      )}
      <HeldOrders />
      <Jobs />
    </Page>
  );
}

function Jobs() {
  const jobs = useInfiniteQuery({
    queryKey: ["imports"],
    queryFn: ({ pageParam, signal }) => ask<PageOf<ImportJob>>(`/api/imports?after=${pageParam}`, { signal }),
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const { refetch } = jobs;
  useEffect(
    () =>
      feed.follow({
        happened: (events) => {
          if (events.some(({ type }) => type.startsWith("import."))) void refetch();
        },
        missed: () => void refetch(),
      }),
    [refetch],
  );
  const now = useNow(15_000);
  const found = jobs.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className={classes.section}>
      <h2>{t("imports.before")}</h2>
      <Trouble error={jobs.error} />
      {!jobs.data && !jobs.error && <PageLoading />}
      {jobs.data && found.length === 0 && <p className={calm.calm}>{t("imports.none")}</p>}
      {found.length > 0 && (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>{t("column.when")}</th>
                <th>{t("column.file")}</th>
                <th>{t("column.state")}</th>
                <th>{t("count.requisitions_created")}</th>
                <th>{t("count.rows_rejected")}</th>
                <th>{t("column.held")}</th>
                <th>{t("column.by")}</th>
              </tr>
            </thead>
            <tbody>
              {found.map((job) => (
                <tr key={job.job_id}>
                  <td>
                    <When at={job.created_at} now={now} />
                  </td>
                  <td>
                    <Link href={`/imports/${job.job_id}`}>{job.filename}</Link>
                  </td>
                  <td>
                    <StateChip tone={TONES[job.status]}>{t(`job.${job.status}`)}</StateChip>
                  </td>
                  <td className={table.number}>{number(job.counts.requisitions_created)}</td>
                  <td className={table.number}>{number(job.counts.rows_rejected)}</td>
                  <td className={table.number}>{number(job.held_waiting)}</td>
                  <td>{job.submitted_by}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More has={jobs.hasNextPage} busy={jobs.isFetchingNextPage} onMore={() => void jobs.fetchNextPage()} />
    </section>
  );
}
