/** Moments as a field for date and time has them: by the clock of this computer, to the minute. */

/** A moment as the field shows it; empty where there is none. */
export function inField(moment: string | null): string {
  if (moment === null) return "";
  const at = new Date(moment);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What stands in the field as a moment everywhere; null where it is none. */
export function inZone(written: string): string | null {
  const at = new Date(written);
  return written === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
