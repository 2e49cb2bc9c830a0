import { ActionIcon, Button, Popover, Tooltip } from "@mantine/core";
import { resolveZone } from "kit/common/calendar";
import ChevronDown from "lucide-react/icons/chevron-down";
import ChevronLeft from "lucide-react/icons/chevron-left";
import ChevronRight from "lucide-react/icons/chevron-right";
import Clock from "lucide-react/icons/clock";
import ZoomOut from "lucide-react/icons/zoom-out";
import { lazy, Suspense, useState } from "react";
import { useDashboard } from "../data/context";
import { describeRange, QUICK_RANGES, type RawRange } from "../model/time";
import classes from "./time-picker.module.css";
import { useMoveRange } from "./use-move-range";

const AbsoluteRange = lazy(() => import("./absolute-range"));

/** Which time is looked at: a name, or two moments; earlier, later, more of it. */
export function TimePicker() {
  const { time } = useDashboard();
  const [open, setOpen] = useState(false);
  const { earlier, later, wider } = useMoveRange();
  return (
    <Button.Group>
      <MoveButton label="Earlier" onClick={earlier}>
        <ChevronLeft size={16} aria-hidden />
      </MoveButton>
      <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus shadow="md">
        <Popover.Target>
          <Button
            variant="default"
            size="xs"
            h={32}
            aria-label={`Time range: ${describeRange(time.raw, time.zone)}`}
            onClick={() => setOpen(!open)}
            leftSection={<Clock size={15} aria-hidden />}
            rightSection={<ChevronDown size={14} aria-hidden />}
          >
            <span className={classes.label}>{describeRange(time.raw, time.zone)}</span>
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <Choices onDone={() => setOpen(false)} />
        </Popover.Dropdown>
      </Popover>
      <MoveButton label="Later" onClick={later}>
        <ChevronRight size={16} aria-hidden />
      </MoveButton>
      <MoveButton label="Zoom out" onClick={wider}>
        <ZoomOut size={15} aria-hidden />
      </MoveButton>
    </Button.Group>
  );
}

function MoveButton({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: React.ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={32} aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Choices({ onDone }: { onDone: () => void }) {
  const { dashboard, setRange, time } = useDashboard();
  const ranges = dashboard.quickRanges.length > 0 ? dashboard.quickRanges : QUICK_RANGES;
  const choose = ({ from, to }: RawRange) => {
    setRange({ from, to });
    onDone();
  };
  return (
    <div className={classes.choices}>
      <Suspense fallback={<div className={classes.absolute} />}>
        <AbsoluteRange onDone={onDone} />
      </Suspense>
      <div className={classes.quick}>
        <ul aria-label="Quick ranges">
          {ranges.map((range) => (
            <li key={range.display}>
              <button
                type="button"
                aria-current={range.from === time.raw.from && range.to === time.raw.to ? "true" : undefined}
                onClick={() => choose(range)}
              >
                {range.display}
              </button>
            </li>
          ))}
        </ul>

        <Zone />
      </div>
    </div>
  );
}

function Zone() {
  const { navigate, time } = useDashboard();
  const utc = resolveZone(time.zone) === "UTC";
  const other = utc ? "browser" : "utc";
  if (resolveZone(time.zone) === resolveZone(other))
    return <div className={classes.zone}>{resolveZone(time.zone)}</div>;
  return (
    <div className={classes.zone}>
      {resolveZone(time.zone)}
      <button type="button" onClick={() => navigate({ timezone: other })}>
        {utc ? "Use local time" : "Use UTC"}
      </button>
    </div>
  );
}
