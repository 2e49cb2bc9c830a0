import { useCallback, useEffect, useRef, useState } from "react";
import { errorSentence } from "../work/errors";

/**
 * What was asked of the gateway as a screen opened: null until it is here. `again` asks once more, and shows what was
 * there until the answer comes; `ask` has to stay the same function for as long as it asks the same.
 */
export function useAsked<T>(ask: () => Promise<T>) {
  const [found, setFound] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  // What was asked later counts, whichever answer comes first.
  const latest = useRef(0);
  const again = useCallback(async () => {
    const mine = ++latest.current;
    setBusy(true);
    setError(null);
    try {
      const answer = await ask();
      if (mine === latest.current) setFound(answer);
    } catch (reason) {
      if (mine === latest.current) setError(errorSentence(reason));
    } finally {
      if (mine === latest.current) setBusy(false);
    }
  }, [ask]);
  useEffect(() => {
    void again();
    return () => {
      latest.current++;
    };
  }, [again]);
  return { found, error, busy, again, setFound };
}
