import { language, onLanguage } from "kit/i18n/language";
import { ErrorBoundary } from "kit/shell/error-boundary";
import { lazy, Suspense, useMemo, useSyncExternalStore } from "react";
import { Route, Router, Switch } from "wouter";
import { t } from "./i18n";
import { LoginPage } from "./login/login-page";
import { Announcer } from "./parts/announcer";
import { Button, Notice } from "./parts/controls";
import { Screen } from "./parts/screen";
import { Unheard } from "./parts/unheard";
import { type Listen, ScannerContext, shared } from "./parts/use-scanner";
import { DonePage } from "./task/done-page";
import { TaskPage } from "./task/task-page";
import { TasksPage } from "./tasks/tasks-page";
import { useWorkState, WorkProvider } from "./work/context";
import type { Work } from "./work/work";

// The service worker keeps their code on the device with all else, so that they open without a network too.
const ConflictsPage = lazy(() => import("./conflicts/conflicts-page"));
const SettingsPage = lazy(() => import("./settings/settings-page"));
const ScannerPage = lazy(() => import("./settings/scanner-page"));
const DevicePage = lazy(() => import("./settings/device-page"));
const PinPage = lazy(() => import("./settings/pin-page"));
const PeoplePage = lazy(() => import("./desk/people-page"));
const PersonPage = lazy(() => import("./desk/person-page"));
const DevicesPage = lazy(() => import("./desk/devices-page"));
const RefusalsPage = lazy(() => import("./desk/refusals-page"));

const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");

interface Props {
  work: Work;
  listen: Listen | null;
}

export function App({ work, listen }: Props) {
  const scanner = useMemo(() => listen && shared(listen), [listen]);
  const spoken = useSyncExternalStore(onLanguage, language);
  return (
    <ErrorBoundary fallback={(_, again) => <Broken again={again} />}>
      <WorkProvider work={work}>
        <ScannerContext.Provider value={scanner}>
          <Announcer />
          <Router base={BASE}>
            {/* Everything is said anew in another language. */}
            <Screens key={spoken} />
          </Router>
        </ScannerContext.Provider>
      </WorkProvider>
    </ErrorBoundary>
  );
}

function Screens() {
  const { person } = useWorkState("person");
  if (!person) return <LoginPage />;
  return (
    <>
      <Unheard />
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/" component={TasksPage} />
          <Route path="/task/:id/*?">
            {({ id, "*": part }) => <TaskPage key={`${person.username} ${id}`} id={id} part={part ?? ""} />}
          </Route>
          <Route path="/done" component={DonePage} />
          <Route path="/people" component={LoginPage} />
          <Route path="/conflicts" component={ConflictsPage} />
          <Route path="/waiting" component={DevicePage} />
          <Route path="/settings" component={SettingsPage} />
          <Route path="/settings/scanner" component={ScannerPage} />
          <Route path="/settings/pin" component={PinPage} />
          {person.role !== "worker" && [
            <Route key="people" path="/desk/people" component={PeoplePage} />,
            <Route key="person" path="/desk/people/:name">
              {({ name }) => <PersonPage key={name} name={name} />}
            </Route>,
            <Route key="devices" path="/desk/devices" component={DevicesPage} />,
            <Route key="refusals" path="/desk/refusals" component={RefusalsPage} />,
          ]}
          <Route component={Nowhere} />
        </Switch>
      </Suspense>
    </>
  );
}

function Loading() {
  return <p role="status">{t("app.loading")}</p>;
}

function Nowhere() {
  return (
    <Screen title={t("app.nowhere")} back="/">
      <Notice tone="plain" title={t("app.nowhere")}>
        <p>{t("app.nowhere_means")}</p>
      </Notice>
    </Screen>
  );
}

function Broken({ again }: { again: () => void }) {
  return (
    <main>
      <Notice tone="bad" title={t("app.broken")} urgent>
        <p>{t("app.broken_means")}</p>
        <Button main full onClick={again}>
          {t("app.try_again")}
        </Button>
        <Button full onClick={() => location.reload()}>
          {t("app.load_anew")}
        </Button>
      </Notice>
    </main>
  );
}
