/** Opens the work in a browser. */
import { brought } from "../session/address";
import { openIndexed } from "../store/indexed";
import { Memory } from "../store/memory";
import type { Store } from "../store/store";
import { Application } from "./application";
import { keepPersistent, wasEvicted } from "./device";
import { browser } from "./platform";
import { keepStart } from "./start";
import { watchForUpdates } from "./updates";
import type { Work } from "./work";

/**
 * What the device keeps, ready to be worked on. Only the device is asked for it; the network is after the first
 * screen is there.
 */
export async function openWork(): Promise<Work> {
  const { device, badge } = brought(location.hash);
  // It is a secret: not for the history, nor for whoever looks at the screen.
  if (device || badge) history.replaceState(null, "", location.pathname + location.search);
  const store = await openStore();
  const work = await Application.open(store, browser, { version: BUILD });
  if (store.lasts && wasEvicted(store.isNew)) work.setTrouble("storage_evicted", true);
  if (device) await work.session.enrolment.become(device);
  const begin = async () => {
    if (badge) await work.loginWithBadge(badge).catch(() => {});
    work.begin();
    keepPersistent(work);
    keepStart(work);
    void watchForUpdates(work);
    work.followBy((await import("kit/live/live")).listen);
  };
  // After the first screen.
  setTimeout(() => void begin(), 0);
  // A code that is read while the application is open leads to the same address with another such part.
  window.addEventListener("hashchange", () => {
    const { device: another, badge: other } = brought(location.hash);
    if (another || other) location.reload();
  });
  window.addEventListener("online", () => work.sender.run().catch(() => {}));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") work.begin();
  });
  return work;
}

/** The build has a hash of its content in the names of its files. */
const BUILD = /([\w-]+)\.js/.exec(import.meta.url)?.[1] ?? "dev";

async function openStore(): Promise<Store> {
  try {
    // The next thing that is kept finds that it is closed; a reload opens the newer one.
    return await openIndexed(() => location.reload());
  } catch {
    return new Memory();
  }
}
