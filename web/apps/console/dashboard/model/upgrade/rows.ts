/** Before schema 16 panels stood in rows, and had a width in twelfths. */
import { flag, type Json, number, record, records, text } from "../json";

// Of Grafana: a row of the grid with the space below it, the height of a row that names none, a width of that kind.
const [CELL, HEIGHT, SPAN] = [38, 250, 4];

/** Put the panels of rows on the grid: those of a closed row stay inside of it. */
export function rowsToGrid(rows: Json[]): Json[] {
  const titled = rows.some((row) => flag(row.collapse) || flag(row.showTitle) || text(row.repeat));
  const found: Json[] = [];
  let y = 0;
  // What a row was repeated into when the file was saved is made anew.
  for (const row of rows.filter(({ repeatIteration }) => !repeatIteration)) {
    const height = cells(row.height);
    const head = {
      type: "row",
      title: text(row.title),
      collapsed: flag(row.collapse),
      repeat: row.repeat,
      gridPos: { x: 0, y, w: 24, h: 1 },
    };
    if (titled) y += 1;
    const placed = placeRow(records(row.panels), height, y);
    if (titled && head.collapsed) found.push({ ...head, panels: placed.panels });
    else found.push(...(titled ? [{ ...head, panels: [] }] : []), ...placed.panels);
    y = titled && head.collapsed ? y : placed.end;
  }
  return found;
}

function placeRow(panels: Json[], height: number, top: number): { panels: Json[]; end: number } {
  const bottoms = new Array<number>(24).fill(top);
  const placed = panels.map((panel) => {
    const w = Math.min(24, Math.max(1, Math.floor(number(panel.span) || SPAN) * 2));
    const h = "height" in panel && panel.height ? cells(panel.height) : height;
    const { x, y } = spotFor(bottoms, w);
    bottoms.fill(y + h, x, x + w);
    return { ...panel, gridPos: { x, y, w, h } };
  });
  return { panels: placed, end: Math.max(top + (panels.length > 0 ? 0 : height), ...bottoms) };
}

/** The highest place that is wide enough, and the leftmost of those. */
function spotFor(bottoms: number[], w: number): { x: number; y: number } {
  let best = { x: 0, y: Number.POSITIVE_INFINITY };
  for (let x = 0; x + w <= 24; x += 1) {
    const y = Math.max(...bottoms.slice(x, x + w));
    if (y < best.y) best = { x, y };
  }
  return best;
}

function cells(height: unknown): number {
  const pixels = number(String(height ?? "").replace("px", "")) || HEIGHT;
  return Math.max(3, Math.ceil(pixels / CELL));
}

/** How many copies of a panel stood side by side at most, said by the least width of one. */
export function upgradeRepeat(raw: Json): Json {
  const least = number(record(raw).minSpan);
  if (!least || raw.maxPerRow) return raw;
  return { ...raw, maxPerRow: Math.max(1, Math.floor(24 / Math.min(24, least <= 12 ? least * 2 : least))) };
}
