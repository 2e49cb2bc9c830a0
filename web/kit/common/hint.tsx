import { Tooltip } from "@mantine/core";
import {
  type ComponentProps,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useRef,
  useState,
} from "react";
import classes from "./hint.module.css";

interface Props extends ComponentProps<"button"> {
  /** What the button is about. It should be in its label as well: a tooltip is for the eye. */
  hint: ReactNode;
}

/**
 * A button that explains itself to whoever points at it. The tooltip is made when it is wanted: made beforehand,
 * those of all panels take a tenth of a second of a page's first paint.
 */
export function Hint({ hint, children, ...button }: Props) {
  const target = useRef<HTMLButtonElement>(null);
  const [shown, setShown] = useState(false);
  const byMouse = (show: boolean) => (event: PointerEvent) => {
    if (event.pointerType !== "touch") setShown(show);
  };
  const hide = (event: KeyboardEvent) => {
    if (event.key === "Escape") setShown(false);
  };
  return (
    <>
      <button
        {...button}
        type="button"
        ref={target}
        onPointerEnter={byMouse(true)}
        onPointerLeave={byMouse(false)}
        onFocus={() => setShown(true)}
        onBlur={() => setShown(false)}
        onKeyDown={hide}
        // Not every browser gives the focus to a button that is touched.
        onClick={() => target.current?.focus()}
      >
        {children}
      </button>
      {shown && (
        <Tooltip
          opened
          multiline
          withArrow
          target={target}
          classNames={{ tooltip: classes.tooltip }}
          label={hint}
        />
      )}
    </>
  );
}
