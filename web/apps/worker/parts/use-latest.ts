import { useRef } from "react";

/**
 * A function that is the same one always, and does what the newest does: whoever is given it need not be drawn anew
 * for it.
 */
export function useLatest<Given extends unknown[], Result>(
  newest: (...given: Given) => Result,
): (...given: Given) => Result {
  const latest = useRef(newest);
  latest.current = newest;
  return useRef((...given: Given) => latest.current(...given)).current;
}
