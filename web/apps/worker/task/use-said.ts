/** What the screen says to what is done. */
import { useState } from "react";
import type { Said } from "../answer/answer-bar";
import { signal } from "../answer/senses";
import { errorSentence } from "../work/errors";
import { whenPainted } from "../work/painted";

let ids = 0;
const nextId = () => String(ids++);

export type Saying = Omit<Said, "id">;

export function useSaid() {
  const [said, setSaid] = useState<Said | null>(null);
  const [error, setError] = useState<string | null>(null);
  return {
    said,
    error,
    say(answer: Saying) {
      setError(null);
      setSaid({ ...answer, id: nextId() });
      // Eyes first: to make a sound takes a while, too.
      whenPainted(() => signal(answer.kind));
    },
    /** Say why something could not be done. */
    fail: (reason: unknown) => setError(errorSentence(reason)),
    hush: () => setSaid(null),
  };
}
