import { useState } from "react";

/** Something that a button does: while it goes on, and why it did not work. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function run(what: () => Promise<void>): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await what();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  }
  return { busy, error, run };
}
