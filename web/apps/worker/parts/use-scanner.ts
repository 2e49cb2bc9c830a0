import { createContext, useContext, useEffect } from "react";
import { useLatest } from "./use-latest";

/** What reads codes: hands in each that it reads until it is told to stop. */
export type Listen = (onCode: (code: string) => void) => () => void;

/**
 * One scanner for all who listen: who began last hears it. That a screen is left and another comes is no moment
 * in which a scan goes unheard.
 */
export function shared(listen: Listen): Listen {
  const hearers: { onCode: (code: string) => void }[] = [];
  let stop = () => {};
  return (onCode) => {
    const mine = { onCode };
    hearers.push(mine);
    if (hearers.length === 1) stop = listen((code) => hearers.at(-1)?.onCode(code));
    return () => {
      hearers.splice(hearers.indexOf(mine), 1);
      if (hearers.length === 0) stop();
    };
  };
}

/** The scanner of this device; without one, codes are typed. */
export const ScannerContext = createContext<Listen | null>(null);

/** Have what a scanner sends on this screen handed in. */
export function useScanner(onCode: (code: string) => void): void {
  const listen = useContext(ScannerContext);
  const latest = useLatest(onCode);
  useEffect(() => listen?.(latest), [listen, latest]);
}
