import { Button, Progress } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { StateChip, type Tone } from "kit/common/chip";
import { Page, PageLoading } from "kit/shell/page";
import Download from "lucide-react/icons/download";
import { useEffect } from "react";
import { Link } from "wouter";
import type { ImportJob, JobStatus, Page as PageOf, Reject } from "../api/types";
import { t } from "../i18n";
import { feed, useConnected } from "../live/current";
import { useAction } from "../parts/action";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask, download } from "../session/current";
import { Figures } from "./figures";
import { HeldOrders } from "./held-orders";
import classes from "./imports.module.css";
import { RejectsTable } from "./rejects-table";

const TONES: Partial<Record<JobStatus, Tone>> = { succeeded: "ok", failed: "bad" };
/** How often it is asked how far a job is while no events come. */
const POLLED_MS = 2_000;

const isFinished = ({ status }: ImportJob) => status === "succeeded" || status === "failed";

/** One import: how far it is, what became of it, and which rows were refused. */
export default function ImportPage({ id = "" }: { id?: string }) {
  const client = useQueryClient();
  const connected = useConnected();
  const jobId = Number(id);
  const job = useQuery({
    queryKey: ["imports", jobId, "job"],
    queryFn: ({ signal }) => ask<ImportJob>(`/api/imports/${jobId}`, { signal }),
    refetchInterval: ({ state }) => (connected || (state.data && isFinished(state.data)) ? false : POLLED_MS),
  });
  useEffect(() => {
    const readAgain = () => void client.invalidateQueries({ queryKey: ["imports", jobId] });
    return feed.follow({
      happened: (events) => {
        if (events.some(({ subject }) => subject === `import:${jobId}`)) readAgain();
      },
      missed: readAgain,
    });
  }, [client, jobId]);
  const title = job.data?.filename ?? t("imports.title");
  return (
    <Page
      title={title}
      actions={<Link href={cameFrom(job.data)}>{t(`subject.all.${job.data?.subject ?? "orders"}`)}</Link>}
    >
      <Trouble error={job.error} />
      {!job.data && !job.error && <PageLoading />}
      {job.data && <Course job={job.data} />}
      {job.data?.subject === "orders" && isFinished(job.data) && (
        <HeldOrders jobId={jobId} onDecided={() => void job.refetch()} />
      )}
      {job.data && job.data.counts.rows_rejected > 0 && <Rejects job={job.data} />}
    </Page>
  );
}

const cameFrom = (job: ImportJob | undefined) =>
  !job || job.subject === "orders" ? "/imports" : `/${job.subject}`;

function Course({ job }: { job: ImportJob }) {
  const { status, counts, notes, error, waiting_for } = job;
  return (
    <section className={classes.card} aria-label={t("imports.course")}>
      <p role="status">
        <StateChip tone={TONES[status] ?? "quiet"}>{t(`job.${status}`)}</StateChip>{" "}
        {waiting_for && t("imports.waits_for", { name: waiting_for })}
      </p>
      {!isFinished(job) && <Progress value={share(job)} animated aria-label={t("imports.course")} />}
      {error && <Trouble error={new Error(error)} />}
      <Figures counts={counts} subject={job.subject} />
      {counts.requisitions_held_back > 0 && (
        <p>{t("imports.held_back", { count: counts.requisitions_held_back })}</p>
      )}
      {notes.length > 0 && (
        <ul className={classes.notes} aria-label={t("preview.notes")}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** In hundredths. How many rows a file has is known once it is read. */
function share({ status, counts, subject }: ImportJob): number {
  if (status === "sending" && subject !== "orders") {
    const done = counts.rows_accepted + counts.rows_duplicate + counts.rows_rejected;
    return 10 + (90 * done) / Math.max(1, counts.rows_read);
  }
  if (status !== "sending" || counts.requisitions_total === 0) return status === "queued" ? 0 : 10;
  const done = counts.requisitions_created + counts.requisitions_replaced + counts.requisitions_duplicate;
  return 10 + (90 * done) / counts.requisitions_total;
}

function Rejects({ job: { job_id, subject } }: { job: ImportJob }) {
  const rejects = useInfiniteQuery({
    queryKey: ["imports", job_id, "rejects"],
    queryFn: ({ pageParam, signal }) =>
      ask<PageOf<Reject>>(`/api/imports/${job_id}/rejects?after=${pageParam}`, { signal }),
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const { busy, error, run } = useAction();
  const save = () =>
    run(() => download(`/api/imports/${job_id}/rejects.csv`, `import-${job_id}-rejects.csv`));
  const found = rejects.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className={classes.section}>
      <h2>{t("imports.rejects")}</h2>
      <Trouble error={rejects.error ?? error} />
      <Button
        variant="default"
        mb="sm"
        loading={busy}
        leftSection={<Download size={16} aria-hidden />}
        onClick={() => void save()}
      >
        {t("imports.download")}
      </Button>
      {found.length > 0 && <RejectsTable rejects={found} subject={subject} />}
      <More
        has={rejects.hasNextPage}
        busy={rejects.isFetchingNextPage}
        onMore={() => void rejects.fetchNextPage()}
      />
    </section>
  );
}
