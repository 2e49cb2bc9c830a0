import i18next from "i18next";

/** So many days that follow one another are said by their first and last. */
const RUN = 3;

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];

/** What a day of the week is called; 1 is Monday, as the fourth day of 2027 was. */
export function weekday(day: number, length: "short" | "long"): string {
  const moment = Date.UTC(2027, 0, 3 + day);
  return new Intl.DateTimeFormat(i18next.language, { weekday: length, timeZone: "UTC" }).format(moment);
}

/** "Mon–Fri", "Mon, Wed": days of the week in few words. */
export function weekdays(days: number[]): string {
  const runs: number[][] = [];
  for (const day of [...days].sort()) {
    const last = runs.at(-1);
    if (last?.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  return runs.map(inWords).join(", ");
}

function inWords(run: number[]): string {
  const names = run.map((day) => weekday(day, "short"));
  return run.length < RUN ? names.join(", ") : `${names[0]}–${names.at(-1)}`;
}
