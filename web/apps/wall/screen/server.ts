/** The server, as a screen asks it. What does not answer in time does not answer. */
import { askIfChanged, request } from "kit/api/client";
import type { Access, Code, Wall } from "./types";

const PATIENCE_MS = 15_000;

const inTime = () => AbortSignal.timeout(PATIENCE_MS);

export const server = {
  makeCode: () => request<Code>("/api/screens/code", { method: "POST", signal: inTime() }),

  /** What to ask with; null while the code waits to be entered. */
  async session(secret: string, app_version: string): Promise<Access | null> {
    const json = { secret, app_version };
    const options = { method: "POST", json, signal: inTime() } as const;
    return (await request<{ screen: Access | null }>("/api/screens/session", options)).screen;
  },

  /** The board; null where it is as it was. */
  wall: (token: string, etag: string | null) =>
    askIfChanged<Wall>("/api/wall", etag, {
      headers: { Authorization: `Bearer ${token}` },
      signal: inTime(),
    }),

  /** The page that a reload would bring. */
  async page(address: string): Promise<string> {
    const options: RequestInit = { cache: "no-store", headers: { Accept: "text/html" }, signal: inTime() };
    const response = await fetch(address, options);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.text();
  },
};

export type Server = typeof server;
