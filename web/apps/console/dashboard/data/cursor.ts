/** The crosshair that all charts of a dashboard share. */

export interface CursorAt {
  /** Milliseconds since the epoch; null when the pointer has left. */
  time: number | null;
  /** The key of the panel in which the pointer is. */
  source: string;
}

export interface CursorBus {
  publish(at: CursorAt): void;
  subscribe(listener: (at: CursorAt) => void): () => void;
}

export function createCursorBus(): CursorBus {
  const listeners = new Set<(at: CursorAt) => void>();
  return {
    publish(at) {
      for (const listener of listeners) listener(at);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
