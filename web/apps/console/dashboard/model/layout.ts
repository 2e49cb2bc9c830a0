/** Where panels stand: repeated ones unfolded, collapsed rows closed. */
import type { Panel } from "./dashboard";
import type { Scope, VariableValue } from "./interpolate";

export interface Placed {
  panel: Panel;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Section {
  row: Panel | null;
  panels: Panel[];
}

/** Split panels at the rows: what follows a row belongs to it, what it has inside as well. */
export function toSections(panels: Panel[]): Section[] {
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const sections: Section[] = [{ row: null, panels: [] }];
  for (const panel of sorted) {
    if (panel.type === "row") sections.push({ row: panel, panels: [...panel.panels] });
    else sections.at(-1)?.panels.push(panel);
  }
  return sections.filter((section) => section.row !== null || section.panels.length > 0);
}

/** Unfold what is repeated for each value of a variable. */
export function unfold(panels: Panel[], scope: Scope): Section[] {
  return toSections(panels)
    .flatMap((section) => repeatSection(section, scope))
    .map((section) => ({ ...section, panels: section.panels.flatMap((panel) => repeatPanel(panel, scope)) }));
}

function copies(value: VariableValue | undefined): string[] {
  if (!value) return [];
  return value.values.length > 0
    ? value.values
    : value.allValue !== null && value.all
      ? [value.allValue]
      : [];
}

function repeatSection(section: Section, scope: Scope): Section[] {
  const { row } = section;
  const values = row?.repeat ? copies(scope[row.repeat]) : [];
  if (!row?.repeat || values.length === 0) return [section];
  const name = row.repeat;
  return values.map((value, index) => ({
    row: copy(row, name, value, index),
    panels: section.panels.map((panel) => copy(panel, name, value, index)),
  }));
}

function copy(panel: Panel, variable: string, value: string, index: number): Panel {
  return {
    ...panel,
    key: index === 0 ? panel.key : `${panel.key}-clone-${index}`,
    scoped: { ...panel.scoped, [variable]: value },
  };
}

function repeatPanel(panel: Panel, scope: Scope): Panel[] {
  const values = panel.repeat && !(panel.repeat in panel.scoped) ? copies(scope[panel.repeat]) : [];
  if (!panel.repeat || values.length === 0) return [panel];
  const name = panel.repeat;
  const { x, y, w, h } = panel.gridPos;
  if (panel.repeatDirection === "v") {
    return values.map((value, index) => ({
      ...copy(panel, name, value, index),
      gridPos: { x, w, h, y: y + index * h },
    }));
  }
  const columns = Math.min(values.length, panel.maxPerRow);
  const width = Math.floor(24 / columns);
  return values.map((value, index) => ({
    ...copy(panel, name, value, index),
    gridPos: { w: width, h, x: (index % columns) * width, y: y + Math.floor(index / columns) * h },
  }));
}

/** Place panels on the grid of 24 columns; each falls up as far as others let it. */
export function place(sections: Section[], collapsed: (row: Panel) => boolean): Placed[] {
  const placed: Placed[] = [];
  let top = 0;
  for (const { row, panels } of sections) {
    if (row) placed.push({ panel: row, x: 0, y: top++, w: 24, h: 1 });
    if (row && collapsed(row)) continue;
    const inside = compact(panels);
    for (const item of inside) placed.push({ ...item, y: item.y + top });
    top += Math.max(0, ...inside.map((item) => item.y + item.h));
  }
  return placed;
}

function compact(panels: Panel[]): Placed[] {
  const heights = new Array<number>(24).fill(0);
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  return sorted.map((panel) => {
    const { x, w, h } = panel.gridPos;
    const y = Math.max(...heights.slice(x, x + w));
    heights.fill(y + h, x, x + w);
    return { panel, x, y, w, h };
  });
}
