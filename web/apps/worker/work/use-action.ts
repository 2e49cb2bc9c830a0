import { useState } from "react";
import { codeOf, errorSentence } from "./errors";

/** Something that somebody asked for: whether it goes on, and the sentence about what came in its way. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  /** `words` are sentences for codes that mean something else here than elsewhere. */
  async function run(action: () => Promise<void>, words: Record<string, string> = {}): Promise<boolean> {
    setBusy(true);
    setError(null);
    try {
      await action();
      return true;
    } catch (reason) {
      setError(words[codeOf(reason)] ?? errorSentence(reason));
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { busy, error, run };
}
