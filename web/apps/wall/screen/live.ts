/** Has a screen hear that something happened, for as long as it is one. */
import { type Live, listen } from "kit/live/live";
import type { Screen } from "./screen";

export function hear(screen: Screen): void {
  let live: Live | null = null;
  let shown: string | null = null;
  screen.subscribe(() => {
    const token = screen.state().access?.access_token ?? null;
    if (token === shown) return;
    shown = token;
    if (token === null) {
      live?.close();
      live = null;
    } else if (live) live.renew();
    else live = begin(screen);
  });
}

function begin(screen: Screen): Live {
  return listen(
    () => screen.token(),
    screen.told,
    (isConnected) => {
      if (isConnected) screen.told();
    },
    screen.told,
    "wall",
    { briefly: screen.told },
  );
}
