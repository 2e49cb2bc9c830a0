import { Button } from "@mantine/core";
import calm from "kit/common/calm.module.css";
import { useNow } from "kit/common/use-now";
import { Page, PageLoading } from "kit/shell/page";
import { useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { TaskSummary, Team } from "../api/types";
import { t } from "../i18n";
import { Trouble } from "../parts/trouble";
import { useTeams } from "../parts/use-teams";
import classes from "./board.module.css";
import { ChangeDialog, KINDS, type Kind } from "./change-dialog";
import type { Change } from "./changes";
import { FilterBar, useFilter } from "./filter-bar";
import { among, NOTHING } from "./selection";
import { TaskGrid } from "./task-grid";
import { counts, inOrder, isMeant, loads } from "./tasks";
import { useBoard } from "./use-board";

/** By which key each change is asked for. */
const KEYS: Record<string, Kind> = {
  a: "assign",
  p: "priority",
  d: "due",
  h: "hold",
  s: "split",
  x: "cancel",
  Delete: "cancel",
};
/** How often what is late is looked at anew. */
const CLOCK_MS = 15_000;
const NO_TEAMS: Team[] = [];

/** All tasks that are not done, as they are now. */
export default function BoardPage() {
  const { board, tasks, isComplete, error, connected } = useBoard();
  const now = useNow(CLOCK_MS);
  const teams = useTeams().data ?? NO_TEAMS;
  const filter = useFilter(teams);
  const [, go] = useLocation();
  const words = useRef<HTMLInputElement>(null);
  const ordered = useMemo(() => inOrder(tasks), [tasks]);
  const { state, worker, team, words: sought } = filter;
  const meant = useMemo(
    () => ordered.filter((task) => isMeant(task, { state, worker, team, words: sought }, now)),
    [ordered, state, worker, team, sought, now],
  );
  const held = useMemo(() => loads(tasks), [tasks]);
  const counted = useMemo(() => counts(tasks, now), [tasks, now]);
  const [kept, setSelection] = useState(NOTHING);
  const selection = useMemo(
    () =>
      among(
        kept,
        meant.map(({ task_id }) => task_id),
      ),
    [kept, meant],
  );
  const [asked, setAsked] = useState<{ kind: Kind; tasks: TaskSummary[] } | null>(null);
  const [said, setSaid] = useState("");

  const chosen = meant.filter(({ task_id }) => selection.chosen.has(task_id));
  function askFor(kind: Kind): void {
    const active = meant.filter(({ task_id }) => task_id === selection.active);
    const subject = chosen.length > 0 ? chosen : active;
    if (subject.length > 0) setAsked({ kind, tasks: subject });
  }
  function press(key: string): void {
    const kind = KEYS[key];
    if (kind) askFor(kind);
    else if (key === "/") words.current?.focus();
  }
  function done(changed: TaskSummary[], change: Change): void {
    board.put(changed);
    setSelection({ ...selection, chosen: new Set() });
    if (changed.length === 0) return;
    const said = change.kind === "hold" && !change.held ? "let_go" : change.kind;
    setSaid(t(`change.${said}_done`, { count: changed.length }));
  }

  return (
    <Page title={t("board.title")} actions={<LiveSign connected={connected} />}>
      <Trouble error={error}>{isComplete ? t("app.as_last_seen") : t("app.tries_again")}</Trouble>
      <FilterBar
        filter={filter}
        counts={counted}
        workers={[...held.keys()].sort()}
        teams={teams}
        words={words}
      />
      <div className={classes.actions}>
        {KINDS.map((kind) => (
          <Button
            key={kind}
            size="xs"
            variant="default"
            disabled={chosen.length === 0}
            onClick={() => askFor(kind)}
          >
            {t(`change.${kind}`)}
          </Button>
        ))}
        <span role="status">{chosen.length > 0 ? t("board.chosen", { count: chosen.length }) : said}</span>
      </div>
      {!isComplete && tasks.length === 0 && !error ? (
        <PageLoading />
      ) : meant.length === 0 ? (
        <p className={calm.calm}>{tasks.length === 0 ? t("board.empty") : t("board.none_meant")}</p>
      ) : (
        <TaskGrid
          tasks={meant}
          now={now}
          selection={selection}
          onSelect={setSelection}
          // A key that comes before the dialog has the focus is not the list's any more.
          onOpen={(taskId) => asked === null && go(`/tasks/${taskId}`)}
          onKey={press}
        />
      )}
      <p className={classes.keys}>{t("board.keys")}</p>
      {asked && (
        <ChangeDialog
          {...asked}
          get={(taskId) => board.get(taskId)}
          loads={held}
          onDone={done}
          onClose={() => setAsked(null)}
        />
      )}
    </Page>
  );
}

/** Whether what is shown follows the work at once. */
function LiveSign({ connected }: { connected: boolean | null }) {
  if (connected === null) return null;
  return (
    <span className={classes.live} data-off={!connected || undefined} role="status">
      {connected ? t("board.live") : t("board.polled")}
    </span>
  );
}
