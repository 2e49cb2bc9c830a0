/** Going from screen to screen, so that the way back is the one that was come. */
import type { ComponentProps } from "react";
import { Link, useLocation } from "wouter";

/** Whether somebody has moved on from the first screen, and whether they go by the keyboard. */
export const MOVES = { begun: false, byKeyboard: false };

addEventListener("keydown", ({ key }) => (MOVES.byKeyboard ||= key === "Tab"), true);
addEventListener("pointerdown", () => (MOVES.byKeyboard = false), true);

const INSIDE = { inside: true };

/** A link to another screen of the application. */
export function Go(props: ComponentProps<typeof Link> & { href: string }) {
  return <Link state={INSIDE} onClick={noteMove} {...props} />;
}

/** A function that goes to another screen; `replace` puts it in the place of this one. */
export function useGo() {
  const [, navigate] = useLocation();
  return (to: string, options: { replace?: boolean } = {}) => {
    noteMove();
    // What takes the place of a screen was come to the same way as that was.
    navigate(to, { ...options, state: options.replace ? history.state : INSIDE });
  };
}

/** Back to where somebody came from; from an address that was opened as such, to `parent`. */
export function goBack(parent: string, navigate: (to: string, options: { replace: boolean }) => void): void {
  noteMove();
  const cameFromHere = (history.state as typeof INSIDE | null)?.inside === true;
  if (cameFromHere) history.back();
  else navigate(parent, { replace: true });
}

/** A function that goes back. */
export function useBack(parent: string): () => void {
  const [, navigate] = useLocation();
  return () => goBack(parent, navigate);
}

function noteMove(): void {
  MOVES.begun = true;
}
