/** When a day begins here, such as "2026-11-24", or a later one; null for what is no day. */
export function midnight(day: string | null, later: number): string | null {
  const [year, month, date] = (day ?? "").split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + later).toISOString();
}
