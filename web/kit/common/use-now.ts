import { useEffect, useState } from "react";

/** The time by a clock, kept up while somebody looks; all in milliseconds. */
export function useNow(every: number, clock: () => number = Date.now): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(clock());
    }, every);
    return () => clearInterval(timer);
  }, [every, clock]);
  return now;
}
