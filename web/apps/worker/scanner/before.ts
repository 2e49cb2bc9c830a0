/** Keys that are pressed while the page is opening, and nothing listens yet: somebody scans as soon as a screen is lit. */

declare global {
  interface Window {
    /** Hands over what came until now, and keeps nothing from then on. */
    keysUntilNow?: () => KeyboardEvent[];
  }
}

/** Keep them. To be called before all else. */
export function keepKeys(target: Window): void {
  const kept: KeyboardEvent[] = [];
  const stop = new AbortController();
  for (const name of ["keydown", "keyup"] as const)
    target.addEventListener(name, (event) => kept.push(event), { capture: true, signal: stop.signal });
  target.keysUntilNow = () => {
    stop.abort();
    delete target.keysUntilNow;
    return kept;
  };
}

/** Take them, in their order; once. */
export function keysUntilNow(target: Window): KeyboardEvent[] {
  return target.keysUntilNow?.() ?? [];
}
