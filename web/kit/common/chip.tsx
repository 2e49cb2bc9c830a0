import type { ReactNode } from "react";
import classes from "./chip.module.css";

export type Tone = "bad" | "warn" | "ok" | "quiet";

/** A word in a colour: a state, a severity. The word says it as well, for whoever sees no colours. */
export function StateChip({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes.chip} data-tone={tone}>
      {children}
    </span>
  );
}

/** Labels as they are written in queries, small. */
export function LabelList({ labels, without }: { labels: Record<string, string>; without: string[] }) {
  const shown = Object.entries(labels).filter(([name]) => !without.includes(name));
  return (
    <span className={classes.labels}>
      {shown.map(([name, value]) => (
        <code key={name}>
          {name}=<b>{value}</b>
        </code>
      ))}
    </span>
  );
}
