import { describeSpan, isNever } from "./ago";
import { formatTime } from "./calendar";
import { useNow } from "./use-now";

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
