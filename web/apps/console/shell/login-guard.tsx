import { useQuery, useQueryClient } from "@tanstack/react-query";
import { onSessionEnd } from "kit/api/client";
import { Page, PageLoading } from "kit/shell/page";
import { type ReactNode, useEffect } from "react";
import { Redirect } from "wouter";
import { SESSION_KEY, sessionQuery } from "../api/session";

/** Show the children to whoever is logged in, and send others to the login page and back. */
export function LoginGuard({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const session = useQuery({ ...sessionQuery, refetchInterval: (q) => (q.state.error ? 3000 : false) });

  useEffect(() => {
    onSessionEnd(() => void client.invalidateQueries({ queryKey: SESSION_KEY }));
  }, [client]);

  if (session.data?.authenticated) return children;
  if (session.data) {
    const next = `${location.pathname}${location.search}`;
    return <Redirect to={`/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (session.error) {
    return (
      <Page title="The console does not answer">
        <p role="alert">{session.error.message}</p>
        <p>This page tries again by itself.</p>
      </Page>
    );
  }
  return <PageLoading />;
}
