import { useQuery } from "@tanstack/react-query";
import { ApiError } from "kit/api/client";
import { Page, PageLoading, useTitle } from "kit/shell/page";
import { lazy, Suspense, useMemo, useState } from "react";
import { Link } from "wouter";
import { dashboardQuery } from "../api/dashboards";
import { OutageBanner } from "../shell/outage-banner";
import { PanelGrid } from "./chrome/grid";
import { PanelFrame } from "./chrome/panel-frame";
import { Toolbar } from "./chrome/toolbar";
import { useShortcuts } from "./chrome/use-shortcuts";
import classes from "./dashboard-page.module.css";
import { DashboardProvider, useDashboard } from "./data/context";
import { type Dashboard, DashboardError, readDashboard } from "./model/dashboard";
import { unfold } from "./model/layout";

const Help = lazy(() => import("./chrome/help"));

/** One dashboard, by the uid in its file. */
export default function DashboardPage({ uid = "" }: { uid?: string }) {
  const { data, error } = useQuery(dashboardQuery(uid));
  const read = useMemo(() => (data === undefined ? null : tryRead(data)), [data]);
  if (read instanceof DashboardError) return <Unreadable uid={uid} reason={read.message} />;
  if (read) {
    return (
      <DashboardProvider key={uid} dashboard={read}>
        <DashboardView />
      </DashboardProvider>
    );
  }
  if (error) return <Missing uid={uid} error={error} />;
  return <PageLoading />;
}

function tryRead(data: unknown): Dashboard | DashboardError {
  try {
    return readDashboard(data);
  } catch (error) {
    return error instanceof DashboardError ? error : new DashboardError(String(error));
  }
}

function Missing({ uid, error }: { uid: string; error: Error }) {
  if (error instanceof ApiError && error.code === "broken_dashboard")
    return <Unreadable uid={uid} reason={error.message} />;
  const unknown = error instanceof ApiError && error.status === 404;
  return (
    <Page title={unknown ? "There is no such dashboard" : "The dashboard cannot be loaded"}>
      <p role="alert">{error.message}</p>
      <p>
        <Link href="/dashboards">All dashboards</Link>
      </p>
    </Page>
  );
}

function Unreadable({ uid, reason }: { uid: string; reason: string }) {
  return (
    <Page title={`The dashboard “${uid}” cannot be read`}>
      <p role="alert">{reason}</p>
      <p>
        Mend its file, and load this page again. <Link href="/dashboards">All dashboards</Link> are a click
        away.
      </p>
    </Page>
  );
}

function DashboardView() {
  const { dashboard, time, url } = useDashboard();
  const [help, setHelp] = useState(false);
  useTitle(dashboard.title);
  useShortcuts(() => setHelp(true));
  return (
    <main className={classes.page} id="main" tabIndex={-1} data-kiosk={url.kiosk || undefined}>
      {url.kiosk ? (
        <h1 className={classes.kioskTitle}>{dashboard.title}</h1>
      ) : (
        <Toolbar onHelp={() => setHelp(true)} />
      )}
      <OutageBanner onRecovery={time.refresh} />
      {time.problem && (
        <p role="alert" className={classes.problem}>
          {time.problem}
        </p>
      )}
      {url.viewPanel === null ? <PanelGrid /> : <SinglePanel wanted={url.viewPanel} />}
      {help && (
        <Suspense>
          <Help onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </main>
  );
}

/** One panel as large as the window. */
function SinglePanel({ wanted }: { wanted: string }) {
  const { dashboard, variables, navigate } = useDashboard();
  const key = /^\d+$/.test(wanted) ? `panel-${wanted}` : wanted;
  const panels = unfold(dashboard.panels, variables.scope).flatMap((section) => section.panels);
  const panel = panels.find((one) => one.key === key);
  if (!panel) {
    return (
      <p role="alert" className={classes.problem}>
        This dashboard has no panel “{wanted}”.{" "}
        <button type="button" onClick={() => navigate({ viewPanel: null })}>
          Show all panels
        </button>
      </p>
    );
  }
  return (
    <div className={classes.single}>
      <PanelFrame key={panel.key} panel={panel} />
    </div>
  );
}
