/** The session of this page, and requests in its name. */
import { type Answer, ApiError, askIfChanged, errorOf, type RequestOptions, request } from "kit/api/client";
import { useSyncExternalStore } from "react";
import { Session } from "./session";

export const session = new Session();
window.addEventListener("storage", session.reread);

export const usePerson = () => useSyncExternalStore(session.subscribe, session.person);

/** Ask the gateway as whoever is logged in. */
export function ask<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return withToken((headers) => request<T>(path, { ...options, headers }));
}

/** The same, where null says that nothing has changed since the answer with that tag. */
export function poll<T>(path: string, etag: string | null, signal?: AbortSignal): Promise<Answer<T> | null> {
  return withToken((headers) => askIfChanged<T>(path, etag, { headers, signal }));
}

/** Have the browser save a file that only somebody who is logged in may have. */
export async function download(path: string, name: string, json?: unknown): Promise<void> {
  const content = await withToken((headers) => fileOf(path, json, headers));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function fileOf(path: string, json: unknown, headers: Record<string, string>): Promise<Blob> {
  const sent =
    json === undefined
      ? { headers }
      : {
          method: "POST",
          body: JSON.stringify(json),
          headers: { ...headers, "Content-Type": "application/json" },
        };
  const response = await fetch(path, sent);
  if (response.ok) return response.blob();
  throw await errorOf(response);
}

async function withToken<T>(send: (headers: Record<string, string>) => Promise<T>): Promise<T> {
  const token = await session.token();
  try {
    return await send({ Authorization: `Bearer ${token}` });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    // It was over, or its person was changed: once more with a new one.
    return send({ Authorization: `Bearer ${await session.token(token)}` });
  }
}
