import { Button, NativeSelect } from "@mantine/core";
import type { ShownFrame } from "../../model/frames";

interface FrameSelectProps {
  frames: ShownFrame[];
  chosen: number;
  onChoose: (index: number) => void;
}

/** The choice between several tables of one panel. */
export function FrameSelect({ frames, chosen, onChoose }: FrameSelectProps) {
  const nameOf = (frame: ShownFrame) =>
    frame.name ?? frame.fields.find((field) => field.type === "number")?.title ?? frame.refId;
  return (
    <NativeSelect
      size="xs"
      aria-label="Series"
      value={String(chosen)}
      onChange={(event) => onChoose(Number(event.currentTarget.value))}
      data={frames.map((frame, index) => ({ value: String(index), label: nameOf(frame) }))}
    />
  );
}

interface PagerProps {
  first: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pager({ first, size, total, onPage }: PagerProps) {
  const page = first / size;
  return (
    <>
      <span>
        {first + 1}–{Math.min(first + size, total)} of {total.toLocaleString("en-US")}
      </span>
      <Button size="compact-xs" variant="default" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        disabled={first + size >= total}
        onClick={() => onPage(page + 1)}
      >
        Next
      </Button>
    </>
  );
}
