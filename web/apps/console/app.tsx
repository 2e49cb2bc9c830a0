import { server } from "kit/api/client";
import { Pages, readyPage } from "kit/pages";
import { Page } from "kit/shell/page";
import { queries } from "kit/start";
import { Link, Redirect } from "wouter";
import { dashboardAt, HOME } from "./addresses";
import { dashboardQuery } from "./api/dashboards";
import { sessionQuery } from "./api/session";
import { LOGIN, PAGES } from "./pages";
import { LoginGuard } from "./shell/login-guard";
import { Shell } from "./shell/shell";

server.name = "console";

// A dashboard's file is asked for while the session is still being looked up.
const opened = dashboardAt(location.pathname);
if (opened) void queries.prefetchQuery(dashboardQuery(opened));
void queries.prefetchQuery(sessionQuery);

const home = readyPage("/", () => <Redirect to={`/d/${HOME}`} replace />);

export function App() {
  return <Pages pages={[LOGIN]} otherwise={LoggedIn} />;
}

function LoggedIn() {
  return (
    <LoginGuard>
      <Shell>
        <Pages pages={[home, ...PAGES]} otherwise={NotFound} />
      </Shell>
    </LoginGuard>
  );
}

function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        The address leads nowhere. The <Link href="/dashboards">dashboards</Link> are a good place to go on
        from.
      </p>
    </Page>
  );
}
