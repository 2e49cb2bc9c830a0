/** What the screen says to what is done. */
import { useState } from "react";
import { flushSync } from "react-dom";
import { signal } from "../answer/senses";
import { type Said, Voice } from "../answer/voice";
import { errorSentence } from "../work/errors";
import { whenPainted } from "../work/painted";

let ids = 0;
const nextId = () => String(ids++);

export type Saying = Omit<Said, "id">;

export function useSaid() {
  const [voice] = useState(() => new Voice());
  const [error, setError] = useState<string | null>(null);
  return {
    voice,
    error,
    say(answer: Saying) {
      setError(null);
      // In this task of the browser: the next frame is the answer's, and what waits until it was seen waits for that one.
      flushSync(() => voice.say({ ...answer, id: nextId() }));
      // Eyes first: to make a sound takes a while, too.
      whenPainted(() => signal(answer.kind));
    },
    /** Say why something could not be done. */
    fail: (reason: unknown) => setError(errorSentence(reason)),
    hush: () => voice.say(null),
  };
}
