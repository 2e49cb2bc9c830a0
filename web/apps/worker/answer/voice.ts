/** The last answer, apart from all else on the screen: it is drawn at once, and nothing has to be drawn with it. */
import { useSyncExternalStore } from "react";
import type { Kind } from "./looks";

/** What the screen answers with. */
export interface Said {
  /** Another one for each answer: the same again is to be seen as another one. */
  id: string;
  kind: Kind;
  code: string;
  sku: string;
  quantity: number;
  picked: number;
  required: number;
  /** What is said in place of the usual. */
  words?: string;
}

export class Voice {
  private said: Said | null = null;
  private readonly listeners = new Set<() => void>();

  /** Answer; with null, there is no answer any more. */
  say(said: Said | null): void {
    this.said = said;
    for (const listener of this.listeners) listener();
  }

  last = (): Said | null => this.said;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

/** The last answer, and again whenever there is another. */
export const useLastSaid = (voice: Voice) => useSyncExternalStore(voice.subscribe, voice.last);
