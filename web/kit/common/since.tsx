import { useEffect, useState } from "react";
import { describeSpan, isNever } from "./ago";
import { formatTime } from "./calendar";

/** How long ago a moment was, going on by itself; the moment as a hint. */
export function Since({ time, suffix = "" }: { time: string; suffix?: string }) {
  const now = useNow(1000);
  if (isNever(time)) return <span>never</span>;
  const moment = Date.parse(time);
  return (
    <time dateTime={time} title={formatTime(moment)}>
      {describeSpan(now - moment)}
      {suffix}
    </time>
  );
}

/** The time, kept up while somebody looks. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
