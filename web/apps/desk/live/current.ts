/** The events of whoever is logged in on this page. */
import { type Live, listen } from "kit/live/live";
import { useEffect, useSyncExternalStore } from "react";
import { session } from "../session/current";
import { Feed } from "./feed";

export const feed = new Feed();

/** How often it is seen to that the connection has a token that lasts. */
const LOOKED_AT_MS = 20_000;

export const useConnected = () => useSyncExternalStore(feed.subscribe, feed.connected);

/** Follow what happens, as whoever is logged in while this is shown. */
export function useLive(): void {
  useEffect(() => {
    let shown: string | null = null;
    const token = async () => {
      shown = await session.token();
      return shown;
    };
    const live: Live = listen(
      token,
      (event) => feed.add(event),
      (isConnected) => feed.connect(isConnected),
      () => feed.missed(),
      "desk",
      { together: (events) => feed.addAll(events) },
    );
    const look = async () => {
      const before = shown;
      if ((await session.token()) !== before) live.renew();
    };
    // Where there is none the page says so by itself.
    const timer = setInterval(() => void look().catch(() => {}), LOOKED_AT_MS);
    return () => {
      clearInterval(timer);
      live.close();
      feed.forget();
    };
  }, []);
}
