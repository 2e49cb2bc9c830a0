import { queryOptions } from "@tanstack/react-query";
import { request, setCsrfToken } from "kit/api/client";
import { SESSION } from "../addresses";

export interface Session {
  authenticated: boolean;
  csrf_token: string | null;
  features: { inbox: boolean };
  version: string;
}

export const SESSION_KEY = ["session"] as const;

async function remember(answer: Promise<Session>): Promise<Session> {
  const session = await answer;
  setCsrfToken(session.csrf_token);
  return session;
}

/** The session as the console knows it; never an error for somebody who is not logged in. */
export const sessionQuery = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: ({ signal }) => remember(request<Session>(SESSION, { signal })),
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

/** Log in with the operator's password. */
export function logIn(password: string): Promise<Session> {
  return remember(request<Session>(SESSION, { method: "POST", json: { password } }));
}

/** End this browser's session. */
export async function logOut(): Promise<void> {
  await request<void>(SESSION, { method: "DELETE" });
  setCsrfToken(null);
}
