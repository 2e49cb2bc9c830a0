import type { ReactNode } from "react";
import { useDashboard } from "../../data/context";
import { record, text } from "../../model/json";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { ValueGrid } from "./grid";
import { type SingleValue, singleValues } from "./values";

/** One value in its cell. */
export interface CellProps {
  panel: PanelProps["panel"];
  value: SingleValue;
  /** Whether there are others, so that it needs a name. */
  many: boolean;
  width: number;
  height: number;
}

/** The values of a panel, by what its `reduceOptions` say. */
export function useSingleValues({ panel, data }: Pick<PanelProps, "panel" | "data">): SingleValue[] {
  const { scheme, time } = useDashboard();
  const reduce = record(panel.options.reduceOptions);
  return singleValues({ frames: data.frames, reduce, scheme, zone: time.zone });
}

interface Props extends PanelProps {
  /** How much wider than high a cell is at its best. */
  ratio: number;
  children: (cell: CellProps) => ReactNode;
}

/** A cell for each value, of equal size. */
export function ValuesPanel({ panel, data, width, height, ratio, children }: Props) {
  const values = useSingleValues({ panel, data });
  if (values.length === 0) return <NoData data={data} panel={panel} />;
  const orientation = text(panel.options.orientation, "auto");
  return (
    <ValueGrid values={values} width={width} height={height} orientation={orientation} ratio={ratio}>
      {(value, cellWidth, cellHeight) =>
        children({ panel, value, many: values.length > 1, width: cellWidth, height: cellHeight })
      }
    </ValueGrid>
  );
}
