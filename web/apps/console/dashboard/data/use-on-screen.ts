import { type RefObject, useLayoutEffect, useState } from "react";

const MARGIN = 300;

/** Whether an element is, or is about to be, in the window: what lies far below asks nothing yet. */
export function useOnScreen(element: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useLayoutEffect(() => {
    if (!element.current) return;
    // The observer tells a frame later; by then the first questions can be on their way.
    const { top, bottom } = element.current.getBoundingClientRect();
    setSeen(top < innerHeight + MARGIN && bottom > -MARGIN);
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? false), {
      rootMargin: `${MARGIN}px 0px`,
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}
