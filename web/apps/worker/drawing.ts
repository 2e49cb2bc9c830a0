import { options } from "preact";

/**
 * Draw once what one task of the browser changes: a scan changes the work, and a moment later what is said to it.
 *
 * A page that is busy may hear of an Enter or a tap before it has drawn what was typed before. A form would then send
 * less than was typed, or nothing, because its button still waits for something: so that is drawn first.
 */
export function drawOnce(target: Window): void {
  let due: (() => void) | undefined;
  const draw = () => {
    const drawing = due;
    due = undefined;
    drawing?.();
  };
  options.debounceRendering = (drawing) => {
    due = drawing;
    target.setTimeout(draw);
  };
  target.addEventListener("keydown", ({ key }) => key === "Enter" && draw(), true);
  target.addEventListener("click", draw, true);
}
