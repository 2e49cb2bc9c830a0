import { Button, TextInput } from "@mantine/core";
import { DatePicker } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { formatTime } from "kit/common/calendar";
import { type FormEvent, useState } from "react";
import { useDashboard } from "../data/context";
import { parseTime, resolveRange } from "../model/time";
import classes from "./time-picker.module.css";

/** Two moments: typed, as times or as `now-6h`, or picked from the calendar. */
export default function AbsoluteRange({ onDone }: { onDone: () => void }) {
  const { setRange, time } = useDashboard();
  const [from, setFrom] = useState(() => editable(time.raw.from, time.zone));
  const [to, setTo] = useState(() => editable(time.raw.to, time.zone));
  const range = resolveRange({ from, to }, Date.now(), time.zone);
  const fromError =
    parseTime(from, Date.now(), time.zone, false) === null ? "No time, and nothing like now-6h" : null;
  const toError =
    parseTime(to, Date.now(), time.zone, true) === null ? "No time, and nothing like now" : null;
  const order = !range && !fromError && !toError ? "This is before the beginning" : null;

  const apply = (event: FormEvent) => {
    event.preventDefault();
    if (!range) return;
    setRange({ from: stored(from, range.from), to: stored(to, range.to) });
    onDone();
  };
  const days: [string | null, string | null] = [dayOf(range?.from, time.zone), dayOf(range?.to, time.zone)];
  const pick = ([first, last]: [string | null, string | null]) => {
    if (first) setFrom(`${first} 00:00:00`);
    if (first || last) setTo(`${last ?? first} 23:59:59`);
  };

  return (
    <form className={classes.absolute} onSubmit={apply}>
      <TextInput
        size="xs"
        label="From"
        value={from}
        error={fromError}
        onChange={(event) => setFrom(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        size="xs"
        label="To"
        value={to}
        error={toError ?? order}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <DatePicker
        type="range"
        size="xs"
        allowSingleDateInRange
        firstDayOfWeek={1}
        value={days}
        onChange={pick}
        aria-label="Days"
      />
      <Button type="submit" size="xs" disabled={!range} fullWidth>
        Apply
      </Button>
    </form>
  );
}

function editable(text: string, zone: string): string {
  if (text.startsWith("now")) return text;
  const moment = parseTime(text, Date.now(), zone, false);
  return moment === null ? text : formatTime(moment, zone);
}

/** In an address a moment is milliseconds, which mean the same in every zone. */
function stored(text: string, moment: number): string {
  return text.trim().startsWith("now") ? text.trim() : String(moment);
}

function dayOf(moment: number | undefined, zone: string): string | null {
  return moment === undefined ? null : formatTime(moment, zone).slice(0, 10);
}
