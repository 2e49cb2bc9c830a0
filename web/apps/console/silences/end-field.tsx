import { SegmentedControl, TextInput } from "@mantine/core";
import { formatTime } from "kit/common/calendar";
import { parseTime } from "../dashboard/model/time";
import classes from "./silence-form.module.css";

const DURATIONS = ["30m", "1h", "2h", "4h", "12h", "1d", "3d"];

/** The moment that an end means when it is now; null where it means none. */
export const momentOf = (end: string) => parseTime(end, Date.now(), "browser", true);

/** Why a silence cannot end then; null where it can. */
export function endProblemOf(end: string): string | null {
  const moment = momentOf(end);
  if (moment === null) return "No time, and nothing like now+2h";
  return moment <= Date.now() ? "That is over already" : null;
}

/** Until when a silence lasts. */
export function EndField({ end, onChange }: { end: string; onChange: (end: string) => void }) {
  const moment = momentOf(end);
  return (
    <div className={classes.end}>
      <SegmentedControl
        aria-label="How long"
        size="xs"
        value={end.startsWith("now+") ? end.slice(4) : ""}
        onChange={(duration) => onChange(`now+${duration}`)}
        data={DURATIONS}
      />
      <TextInput
        label="Until"
        description={moment && end.startsWith("now") ? formatTime(moment) : "A time, or now+2h"}
        value={end}
        error={endProblemOf(end)}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}
