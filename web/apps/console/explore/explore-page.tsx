import { Button, SegmentedControl } from "@mantine/core";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import { Page } from "kit/shell/page";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { AdHoc, AdHocPanel } from "../dashboard/ad-hoc";
import { RefreshPicker } from "../dashboard/chrome/refresh-picker";
import { TimePicker } from "../dashboard/chrome/time-picker";
import { useDashboard } from "../dashboard/data/context";
import { OutageBanner } from "../shell/outage-banner";
import { exploreDashboard, type Show } from "./explore-dashboard";
import classes from "./explore-page.module.css";

const QueryEditor = lazy(() => import("./query-editor"));

const SHOWN: { value: Show; label: string }[] = [
  { value: "graph", label: "Graph" },
  { value: "table", label: "Table" },
];

/** Ask Prometheus anything. What is asked is in the address, so that it can be sent to somebody. */
export default function ExplorePage() {
  const [search, setSearch] = useSearchParams();
  const expr = search.get("expr") ?? "";
  const show: Show = search.get("show") === "table" ? "table" : "graph";
  const [draft, setDraft] = useState(expr);
  const [seen, setSeen] = useState(expr);
  if (seen !== expr) {
    // Back and forward bring another question; the editor follows.
    setSeen(expr);
    setDraft(expr);
  }
  const definition = useMemo(() => exploreDashboard(expr, show), [expr, show]);
  const ask = useCallback(
    (text: string) => setSearch((before) => changeUrl(before, { expr: text.trim() || null })),
    [setSearch],
  );
  return (
    <AdHoc definition={definition}>
      <Page
        title="Explore"
        actions={
          <>
            <TimePicker />
            <RefreshPicker />
          </>
        }
      >
        <form
          className={classes.query}
          onSubmit={(event) => {
            event.preventDefault();
            ask(draft);
          }}
        >
          <div className={classes.editor}>
            <Suspense fallback={<div className={classes.waiting}>{draft}</div>}>
              <QueryEditor value={draft} onChange={setDraft} onSubmit={ask} />
            </Suspense>
          </div>
          <AskButton changed={draft.trim() !== expr} />
        </form>
        <Recovering />
        <div className={classes.head}>
          <SegmentedControl
            aria-label="Show as"
            size="xs"
            value={show}
            data={SHOWN}
            onChange={(value) => setSearch(changeUrl(search, { show: value === "graph" ? null : value }))}
          />
        </div>
        {expr === "" ? (
          <p className={calm.calm}>
            Type a query: the names of metrics, labels and functions complete themselves. Enter asks, Shift
            and Enter begins a new line.
          </p>
        ) : (
          <section key={`${expr} ${show}`} className={classes.result} aria-label="Result">
            <AdHocPanel index={0} height={show === "graph" ? 440 : 560} />
          </section>
        )}
      </Page>
    </AdHoc>
  );
}

function AskButton({ changed }: { changed: boolean }) {
  const { time } = useDashboard();
  return (
    <Button type="submit" onClick={() => !changed && time.refresh()}>
      Ask
    </Button>
  );
}

function Recovering() {
  const { time } = useDashboard();
  return <OutageBanner onRecovery={time.refresh} />;
}
