import { Fragment, type ReactNode } from "react";
import classes from "./single.module.css";
import type { SingleValue } from "./values";

interface GridProps {
  values: SingleValue[];
  width: number;
  height: number;
  /** "horizontal" puts one below the other, "vertical" side by side, "auto" what fits. */
  orientation: string;
  /** How much wider than high a cell is at its best. */
  ratio: number;
  children: (value: SingleValue, width: number, height: number) => ReactNode;
}

const GAP = 6;
const LOWEST = 44;

/** Cells of equal size for several values. */
export function ValueGrid({ values, width, height, orientation, ratio, children }: GridProps) {
  const columns = columnsFor(values.length, width, height, orientation, ratio);
  const rows = Math.ceil(values.length / columns);
  const cellWidth = (width - GAP * (columns - 1)) / columns;
  // Where all stand in one row none is higher than the panel: it would be cut.
  const cellHeight = Math.max(Math.min(LOWEST, height), (height - GAP * (rows - 1)) / rows);
  return (
    <div
      className={classes.grid}
      style={{
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        gridAutoRows: cellHeight,
        gap: GAP,
      }}
    >
      {values.map((value) => (
        <Fragment key={value.key}>{children(value, cellWidth, cellHeight)}</Fragment>
      ))}
    </div>
  );
}

function columnsFor(
  count: number,
  width: number,
  height: number,
  orientation: string,
  ratio: number,
): number {
  if (orientation === "horizontal") return 1;
  if (orientation === "vertical") return count;
  let best = 1;
  let size = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const fits = Math.min(width / columns / ratio, height / rows);
    if (fits > size * 1.05) {
      size = fits;
      best = columns;
    }
  }
  return best;
}
