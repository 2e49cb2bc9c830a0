import { server } from "kit/api/client";
import { language, onLanguage } from "kit/i18n/language";
import { Pages } from "kit/pages";
import { ErrorBoundary } from "kit/shell/error-boundary";
import { Page } from "kit/shell/page";
import { useEffect, useSyncExternalStore } from "react";
import { Link, Router } from "wouter";
import { BASE } from "./base";
import { t } from "./i18n";
import { useLive } from "./live/current";
import { LoginPage } from "./login/login-page";
import { NotHere } from "./login/not-here";
import { PAGES } from "./pages";
import { usePerson } from "./session/current";
import type { Person } from "./session/session";
import { beginHere } from "./session/start";
import { Shell } from "./shell/shell";

server.name = "server";

export function App() {
  const spoken = useSyncExternalStore(onLanguage, language);
  return (
    <ErrorBoundary>
      <Router base={BASE}>
        {/* Everything is said anew in another language. */}
        <Everything key={spoken} />
      </Router>
    </ErrorBoundary>
  );
}

function Everything() {
  const person = usePerson();
  if (!person) return <LoginPage />;
  if (person.role === "worker") return <NotHere person={person} />;
  return <Desk key={person.username} person={person} />;
}

function Desk({ person }: { person: Person }) {
  useLive();
  useEffect(beginHere, []);
  return (
    <Shell person={person}>
      <Pages pages={PAGES} otherwise={Nowhere} />
    </Shell>
  );
}

function Nowhere() {
  return (
    <Page title={t("app.nowhere")}>
      <p>{t("app.nowhere_means")}</p>
      <Link href="/">{t("nav.board")}</Link>
    </Page>
  );
}
