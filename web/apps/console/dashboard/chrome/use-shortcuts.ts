import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { useDashboard } from "../data/context";
import { commandPanel } from "./commands";
import { commandRows } from "./row-commands";
import { useMoveRange } from "./use-move-range";

// How long the first key of two waits for the second.
const PATIENCE = 1000;

/** The keyboard of a dashboard: single keys, and pairs of which the first names the matter. */
export function useShortcuts(onHelp: () => void): void {
  const { navigate, time, url } = useDashboard();
  const { earlier, later, wider } = useMoveRange();
  const [, go] = useLocation();
  const actions: Record<string, () => void> = {
    "?": onHelp,
    r: time.refresh,
    v: () => commandPanel("view"),
    e: () => commandPanel("explore"),
    i: () => commandPanel("inspect"),
    esc: () =>
      url.viewPanel !== null ? navigate({ viewPanel: null }) : url.kiosk && navigate({ kiosk: null }),
    "t ArrowLeft": earlier,
    "t ArrowRight": later,
    "t z": wider,
    "d k": () => navigate({ kiosk: url.kiosk ? null : "true" }),
    "d e": () => commandRows(false),
    "d c": () => commandRows(true),
    "g d": () => go("/dashboards"),
    "g a": () => go("/alerts"),
    "g t": () => go("/targets"),
    "g e": () => go("/explore"),
  };
  const latest = useRef(actions);
  latest.current = actions;

  useEffect(() => {
    let first = "";
    let pressed = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event.target))
        return;
      const key = event.key === "Escape" ? "esc" : event.key;
      const pair = Date.now() - pressed < PATIENCE ? `${first} ${key}` : key;
      const action = latest.current[pair] ?? latest.current[key];
      first = "tdg".includes(key) && pair === key ? key : "";
      pressed = first ? Date.now() : 0;
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Where somebody types, or a menu or dialog is open, keys are not ours. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.closest("input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]")
  )
    return true;
  return document.querySelector("[role=dialog]") !== null;
}
