import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { ApiError } from "./api/client";
import { dashboardQuery } from "./api/dashboards";
import { homeDashboard, openedDashboard } from "./api/early";
import { sessionQuery } from "./api/session";
import DashboardPage from "./dashboard/dashboard-page";
import {
  AlertsPage,
  DashboardsPage,
  ExplorePage,
  InboxPage,
  LoginPage,
  SilenceForm,
  TargetsPage,
} from "./pages";
import { ErrorBoundary } from "./shell/error-boundary";
import { LoginGuard } from "./shell/login-guard";
import { NotFound, PageLoading } from "./shell/page";
import { Shell } from "./shell/shell";
import { colorSchemes, theme } from "./theme/theme";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the other side refused it will refuse again; what was away is asked again by whoever refreshes.
      retry: (failures, error) => failures < 1 && error instanceof ApiError && error.temporary,
      retryDelay: 500,
      refetchOnWindowFocus: false,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// A dashboard's file is asked for while the session is still being looked up.
const opened = openedDashboard();
if (opened) void queries.prefetchQuery(dashboardQuery(opened));
void queries.prefetchQuery(sessionQuery);

export function App() {
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <ErrorBoundary>
          <Suspense fallback={<PageLoading />}>
            <Switch>
              <Route path="/login" component={LoginPage} />
              <Route>
                <LoginGuard>
                  <Pages />
                </LoginGuard>
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Pages() {
  return (
    <Shell>
      <ErrorBoundary>
        <Suspense fallback={<PageLoading />}>
          <Switch>
            <Route path="/">
              <Redirect to={`/d/${homeDashboard()}`} replace />
            </Route>
            <Route path="/d/:uid/:slug?">
              {(params) => <DashboardPage key={params.uid} uid={params.uid} />}
            </Route>
            <Route path="/dashboards" component={DashboardsPage} />
            <Route path="/alerts/:name?">{(params) => <AlertsPage name={params.name ?? null} />}</Route>
            <Route path="/silences/new">
              <SilenceForm id={null} />
            </Route>
            <Route path="/silences/:id/edit">
              {(params) => <SilenceForm key={params.id} id={params.id} />}
            </Route>
            <Route path="/targets" component={TargetsPage} />
            <Route path="/explore" component={ExplorePage} />
            <Route path="/inbox" component={InboxPage} />
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}
