import { useEffect, useState, useSyncExternalStore } from "react";
import { feed, useConnected } from "../live/current";
import { poll } from "../session/current";
import { Board } from "./board";

/** How often it is asked what has changed while no events come. */
const POLLED_MS = 10_000;

/** The board, for as long as somebody looks at it. */
export function useBoard() {
  const [board] = useState(() => new Board(poll));
  const connected = useConnected();
  const state = useSyncExternalStore(board.subscribe, board.state);
  useEffect(() => {
    void board.read();
    return feed.follow(board);
  }, [board]);
  useEffect(() => {
    if (connected) return;
    const timer = setInterval(() => void board.read(), POLLED_MS);
    return () => clearInterval(timer);
  }, [board, connected]);
  return { board, connected, ...state };
}
