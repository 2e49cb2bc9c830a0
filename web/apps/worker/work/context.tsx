/** How the screens reach the work. */
import { createContext, type ReactNode, useContext, useRef, useSyncExternalStore } from "react";
import type { Work, WorkState } from "./work";

const Context = createContext<Work | null>(null);

export function WorkProvider({ work, children }: { work: Work; children: ReactNode }) {
  return <Context.Provider value={work}>{children}</Context.Provider>;
}

export function useWork(): Work {
  const work = useContext(Context);
  if (!work) throw new Error("There is no WorkProvider around this");
  return work;
}

/** Parts of what the work looks like now, and again whenever one of them changes. */
export function useWorkState<Part extends keyof WorkState>(...parts: Part[]): Pick<WorkState, Part> {
  const work = useWork();
  const last = useRef<WorkState | null>(null);
  const look = () => {
    const now = work.state();
    const before = last.current;
    if (before === null || parts.some((part) => before[part] !== now[part])) last.current = now;
    return last.current ?? now;
  };
  return useSyncExternalStore(work.subscribe, look);
}
