import { useSize } from "kit/common/use-size";
import ChevronDown from "lucide-react/icons/chevron-down";
import ChevronRight from "lucide-react/icons/chevron-right";
import { useMemo, useRef, useState } from "react";
import { useDashboard } from "../data/context";
import type { Panel } from "../model/dashboard";
import { type Placed, place, unfold } from "../model/layout";
import classes from "./grid.module.css";
import { PanelFrame } from "./panel-frame";
import { onRowCommand } from "./row-commands";

// Grafana's: a row of the grid is 30 pixels high, with 8 between two.
const ROW = 30;
const GAP = 8;
const NARROW = 700;

/** All panels in their places; on a phone below each other. */
export function PanelGrid() {
  const { dashboard, url, variables } = useDashboard();
  const grid = useRef<HTMLDivElement>(null);
  const { width } = useSize(grid);
  const [toggled, setToggled] = useState<Record<string, boolean>>({});
  const sections = useMemo(() => unfold(dashboard.panels, variables.scope), [dashboard, variables.scope]);
  const isCollapsed = (row: Panel) => toggled[row.key] ?? row.collapsed;
  const placed = place(sections, isCollapsed);
  const rows = Math.max(1, ...placed.map((item) => item.y + item.h));
  const narrow = width < NARROW;
  const height = rowHeight(rows, url);

  onRowCommand((collapsed) => {
    const keys = sections.flatMap((section) => (section.row ? [section.row.key] : []));
    setToggled(Object.fromEntries(keys.map((key) => [key, collapsed])));
  });

  return (
    <div
      ref={grid}
      className={classes.grid}
      data-narrow={narrow || undefined}
      style={{ gridAutoRows: narrow ? "auto" : height }}
    >
      {width > 0 &&
        placed.map((item) => (
          <Cell key={item.panel.key} item={item} narrow={narrow}>
            {item.panel.type === "row" ? (
              <RowHead
                row={item.panel}
                count={sections.find((section) => section.row === item.panel)?.panels.length ?? 0}
                collapsed={isCollapsed(item.panel)}
                onToggle={() => setToggled((all) => ({ ...all, [item.panel.key]: !isCollapsed(item.panel) }))}
              />
            ) : (
              <PanelFrame panel={item.panel} />
            )}
          </Cell>
        ))}
    </div>
  );
}

/** As in Grafana; on a screen that nobody scrolls, as much as there is, or exactly what fits. */
function rowHeight(rows: number, { fit, kiosk }: { fit: boolean; kiosk: boolean }): string {
  const share = `calc((100dvh - ${kiosk ? 4 : 8}rem) / ${rows} - ${GAP}px)`;
  if (fit) return share;
  return kiosk ? `max(${ROW / 16}rem, ${share})` : `${ROW / 16}rem`;
}

function Cell({ item, narrow, children }: { item: Placed; narrow: boolean; children: React.ReactNode }) {
  const { x, y, w, h, panel } = item;
  if (narrow) {
    const lowest = panel.type === "row" ? 30 : panel.type === "stat" ? 84 : 210;
    return <div style={{ height: Math.max(lowest, Math.min(h * (ROW + GAP) - GAP, 420)) }}>{children}</div>;
  }
  return (
    <div style={{ gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}` }}>{children}</div>
  );
}

interface RowHeadProps {
  row: Panel;
  count: number;
  collapsed: boolean;
  onToggle: () => void;
}

function RowHead({ row, count, collapsed, onToggle }: RowHeadProps) {
  const { fillText } = useDashboard();
  const Chevron = collapsed ? ChevronRight : ChevronDown;
  return (
    <h2 className={classes.row}>
      <button type="button" aria-expanded={!collapsed} onClick={onToggle}>
        <Chevron size={16} aria-hidden />
        {fillText(row.title, row) || "Row"}
        {collapsed && <span className={classes.count}>{`${count} panel${count === 1 ? "" : "s"}`}</span>}
      </button>
    </h2>
  );
}
