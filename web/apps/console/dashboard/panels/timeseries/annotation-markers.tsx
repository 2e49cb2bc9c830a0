import { Tooltip } from "@mantine/core";
import { formatTime } from "kit/common/calendar";
import { useDashboard } from "../../data/context";
import type { Annotation } from "../../model/annotations";
import { namedColor } from "../../model/colors";
import type { TimeRange } from "../../model/time";
import { formatText } from "../../model/units";
import classes from "./chart.module.css";

/** Where the lines of a chart are drawn, in pixels of its element. */
export interface Area {
  left: number;
  width: number;
  bottom: number;
}

interface Props {
  marks: Annotation[];
  range: TimeRange;
  area: Area;
}

interface Marker {
  left: number;
  width: number;
  marks: Annotation[];
}

/** Handles below a chart, one for each thing that happened, to read what it was. */
export function AnnotationMarkers({ marks, range, area }: Props) {
  const { scheme, time } = useDashboard();
  return markersOf(marks, range, area.width).map(({ left, width, marks: own }) => (
    <Tooltip
      key={`${left}`}
      multiline
      withinPortal
      events={{ hover: true, focus: true, touch: true }}
      classNames={{ tooltip: classes.note }}
      label={<Notes marks={own} zone={time.zone} />}
    >
      <button
        type="button"
        className={classes.marker}
        aria-label={own.map((mark) => `${mark.title} ${mark.text}`).join(", ")}
        style={{
          left: area.left + left,
          top: area.bottom - 3,
          width: Math.max(6, width),
          background: namedColor(own[0]?.color ?? "blue", scheme),
        }}
      />
    </Tooltip>
  ));
}

function Notes({ marks, zone }: { marks: Annotation[]; zone: string }) {
  return marks.slice(0, 8).map((mark) => (
    <div key={`${mark.title} ${mark.text} ${mark.from}`} className={classes.noteItem}>
      <strong>{mark.title}</strong> {mark.text}
      <div className={classes.noteTime}>
        {formatTime(mark.from, zone)}
        {mark.to > mark.from && `, for ${formatText((mark.to - mark.from) / 1000, "s", 0)}`}
      </div>
      {mark.tags.map((tag) => (
        <span key={tag} className={classes.tag}>
          {tag}
        </span>
      ))}
    </div>
  ));
}

/** What lies so close that nobody could point at one of them is put together. */
function markersOf(marks: Annotation[], range: TimeRange, width: number): Marker[] {
  const pixels = (moment: number) => ((moment - range.from) / (range.to - range.from)) * width;
  const found: Marker[] = [];
  for (const mark of marks) {
    const left = Math.max(0, pixels(mark.from));
    const right = Math.min(width, pixels(mark.to));
    if (right < 0 || left > width) continue;
    const last = found.at(-1);
    if (last && left < last.left + Math.max(6, last.width) + 2) {
      last.width = Math.max(last.width, right - last.left);
      last.marks.push(mark);
    } else found.push({ left, width: right - left, marks: [mark] });
  }
  return found;
}
