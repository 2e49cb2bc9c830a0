import { Page, PageLoading } from "kit/shell/page";
import { lazy, Suspense } from "react";
import { Link, useSearchParams } from "wouter";
import classes from "./alerts.module.css";
import { AlertsNow } from "./now";
import { Rules } from "./rules";
import { Silences } from "./silences";

const AlertDetail = lazy(() => import("./alert-detail"));
const History = lazy(() => import("./history"));

const VIEWS = [
  { view: "now", href: "/alerts", label: "Now" },
  { view: "rules", href: "/alerts?view=rules", label: "Rules" },
  { view: "silences", href: "/alerts?view=silences", label: "Silences" },
  { view: "history", href: "/alerts/history", label: "History" },
];

/** Everything about alerts: those there are, the rules they come from, what keeps them back, what there was. */
export default function AlertsPage({ name }: { name?: string | undefined }) {
  const [search] = useSearchParams();
  if (name !== undefined && name !== "history") {
    return (
      <Suspense fallback={<PageLoading />}>
        <AlertDetail key={name} name={name} />
      </Suspense>
    );
  }
  const view = name ?? search.get("view") ?? "now";
  return (
    <Page title="Alerts" actions={<Views current={view} />}>
      <Suspense fallback={<PageLoading />}>
        {view === "history" ? (
          <History />
        ) : view === "rules" ? (
          <Rules />
        ) : view === "silences" ? (
          <Silences />
        ) : (
          <AlertsNow />
        )}
      </Suspense>
    </Page>
  );
}

function Views({ current }: { current: string }) {
  return (
    <nav className={classes.views} aria-label="Views of the alerts">
      {VIEWS.map(({ view, href, label }) => (
        <Link key={view} href={href} aria-current={view === current ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
