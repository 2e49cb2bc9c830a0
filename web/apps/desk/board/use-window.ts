import { type RefObject, useLayoutEffect, useState } from "react";

/** Drawn besides what is seen, so that a quick finger finds no empty rows. */
const BESIDE = 8;

/** Which of many rows of one height are seen: from the first, up to the last and not with it. */
export function useWindow(
  box: RefObject<HTMLElement | null>,
  count: number,
  height: number,
): { first: number; last: number } {
  const [seen, setSeen] = useState({ first: 0, last: 40 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / height) - BESIDE);
      const last = Math.ceil((element.scrollTop + element.clientHeight) / height) + BESIDE;
      setSeen((before) => (before.first === first && before.last === last ? before : { first, last }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, [box, height]);
  return { first: Math.min(seen.first, Math.max(0, count - 1)), last: Math.min(count, seen.last) };
}
