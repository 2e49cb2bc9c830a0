/** What somebody chose on this device for eyes and ears. */

import { remember, remembered } from "kit/common/remember";
import { THEME_KEY } from "kit/early";
import { useSyncExternalStore } from "react";

export interface Preferences {
  /** 0 to 1. */
  volume: number;
  silent: boolean;
  vibrate: boolean;
}

export type Theme = "light" | "dark" | "auto";

const KEY = "magacin-worker";
const listeners = new Set<() => void>();
let current: Preferences = { volume: 0.8, silent: false, vibrate: true, ...kept() };

export const preferences = () => current;

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  remember(KEY, JSON.stringify(current));
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

export function chosenTheme(): Theme {
  const chosen = remembered(THEME_KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "auto";
}

/** Be light or dark from now on, or as the system is. */
export function chooseTheme(theme: Theme): void {
  remember(THEME_KEY, theme);
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function kept(): Partial<Preferences> {
  try {
    return JSON.parse(remembered(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    return {}; // Somebody else's words under our name: the defaults hold.
  }
}
