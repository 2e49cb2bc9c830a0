import { useDashboard } from "../data/context";
import { shiftRange, type TimeRange, zoomOut } from "../model/time";

/** Move the range that is looked at: earlier, later, twice as much. */
export function useMoveRange() {
  const { setRange, time } = useDashboard();
  const set = ({ from, to }: TimeRange) => setRange({ from: String(from), to: String(to) });
  return {
    earlier: () => set(shiftRange(time.range, -1)),
    later: () => set(shiftRange(time.range, 1)),
    wider: () => set(zoomOut(time.range)),
  };
}
