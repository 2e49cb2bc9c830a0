import { time } from "kit/i18n/format";

/** A moment as people write it; all of it as a hint. */
export function When({ at, now }: { at: string; now: number }) {
  const moment = Date.parse(at);
  return <time dateTime={at}>{time(moment, now)}</time>;
}
