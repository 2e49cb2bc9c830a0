/** Says what somebody who does not see the screen has to know. */
import { useRef, useSyncExternalStore } from "react";

let words = "";
let listener: (() => void) | null = null;

/** Have something said once. */
export function announce(what: string): void {
  words = what;
  listener?.();
}

/** Stands outside of all screens, so that it is there before what it says. */
export function Announcer() {
  const said = useSyncExternalStore(
    useRef((told: () => void) => {
      listener = told;
      return () => {
        listener = null;
      };
    }).current,
    () => words,
  );
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}
