import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

const SCHEME = "data-mantine-color-scheme";

/** Whether the page is being put on paper, which is white: what is drawn for it is drawn as in the light. */
export function usePrinted(): boolean {
  const [isPrinted, setPrinted] = useState(false);
  useEffect(() => {
    const root = document.documentElement;
    let usual: string | null = null;
    const begin = () => {
      usual ??= root.getAttribute(SCHEME);
      root.setAttribute(SCHEME, "light");
      // The browser takes the page as it is when this returns.
      flushSync(() => setPrinted(true));
    };
    const end = () => {
      if (usual !== null) root.setAttribute(SCHEME, usual);
      usual = null;
      setPrinted(false);
    };
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
    };
  }, []);
  return isPrinted;
}
