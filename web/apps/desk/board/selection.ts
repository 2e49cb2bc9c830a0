/** Which rows of a list are chosen, as lists on a computer work: one by one, and from one to another. */

export interface Selection {
  chosen: ReadonlySet<number>;
  /** Where the keyboard is. */
  active: number | null;
  /** From where a stretch is chosen. */
  anchor: number | null;
}

export const NOTHING: Selection = { chosen: new Set(), active: null, anchor: null };

export type Move = "up" | "down" | "page_up" | "page_down" | "first" | "last";

const ROWS_OF_A_PAGE = 10;
const STEPS: Record<Move, number> = {
  up: -1,
  down: 1,
  page_up: -ROWS_OF_A_PAGE,
  page_down: ROWS_OF_A_PAGE,
  first: Number.NEGATIVE_INFINITY,
  last: Number.POSITIVE_INFINITY,
};

/** Go to another row; with `choosing`, choose all from the anchor to it. */
export function moved(selection: Selection, rows: number[], move: Move, choosing: boolean): Selection {
  if (rows.length === 0) return selection;
  const from = selection.active === null ? -1 : rows.indexOf(selection.active);
  const start = from < 0 && STEPS[move] < 0 ? 0 : from;
  const active = rows[Math.min(rows.length - 1, Math.max(0, start + STEPS[move]))] as number;
  if (!choosing) return { ...selection, active, anchor: active };
  return stretched({ ...selection, anchor: selection.anchor ?? active }, rows, active);
}

/** Choose a row, or no longer. */
export function toggled(selection: Selection, row: number): Selection {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(row)) chosen.add(row);
  return { chosen, active: row, anchor: row };
}

/** Choose all from the anchor to a row. */
export function stretched(selection: Selection, rows: number[], row: number): Selection {
  const from = Math.max(0, rows.indexOf(selection.anchor ?? row));
  const to = rows.indexOf(row);
  const between = rows.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ...selection, chosen: new Set([...selection.chosen, ...between]), active: row };
}

export const all = (selection: Selection, rows: number[]): Selection => ({
  ...selection,
  chosen: new Set(rows),
});

/** Without rows that are not there any more. */
export function among(selection: Selection, rows: number[]): Selection {
  const there = new Set(rows);
  const gone = [...selection.chosen].filter((row) => !there.has(row));
  const lost = selection.active !== null && !there.has(selection.active);
  if (gone.length === 0 && !lost) return selection;
  return {
    chosen: new Set([...selection.chosen].filter((row) => there.has(row))),
    active: lost ? null : selection.active,
    anchor: lost ? null : selection.anchor,
  };
}
