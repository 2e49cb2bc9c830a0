import { useSyncExternalStore } from "react";

/** As task.module.css has it. */
const WIDE = matchMedia("(width >= 1000px)");

/** Whether there is room for two things beside each other. */
export function useWide(): boolean {
  return useSyncExternalStore(subscribe, () => WIDE.matches);
}

function subscribe(listener: () => void): () => void {
  WIDE.addEventListener("change", listener);
  return () => WIDE.removeEventListener("change", listener);
}
