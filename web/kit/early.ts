/** What an application's early.ts does: it runs before anything else, beside the loading of the application's code. */

import { remembered } from "./common/remember";

declare global {
  interface Window {
    /** Answers under way, by path. */
    early: Record<string, Promise<Response>>;
  }
}

/** Where the choice of light, dark or the system's is kept. */
export const THEME_KEY = "magacin-theme";

/** Choose between light and dark now: a dark screen must not flash white. */
export function chooseScheme(): void {
  const chosen = remembered(THEME_KEY);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
}

/** Ask for what the page waits for first; `request` picks the answers up. */
export function begin(paths: string[]): void {
  window.early = {};
  for (const path of paths) {
    const answer = fetch(path, { headers: { Accept: "application/json" } });
    // Whoever picks it up hears of the failure; if nobody does, it is none.
    answer.catch(() => {});
    window.early[path] = answer;
  }
}

/** An answer can be read once, and is of the moment when it was asked for: whoever asks again asks anew. */
export function begunAnswer(path: string): Promise<Response> | undefined {
  const answer = window.early[path];
  delete window.early[path];
  return answer;
}
