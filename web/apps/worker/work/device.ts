/** Whether the device keeps what it is given. */
import { remember, remembered } from "kit/common/remember";
import { hasStarted } from "./start";
import type { Work } from "./work";

/** Says outside of the database that there is one: the browser may throw that away whole. */
const MARKER = "magacin-kept";

const GONE = "gone";

/** Tell whether what was kept here is gone, by a database that was empty when it was opened; until that was seen. */
export function wasEvicted(isNew: boolean): boolean {
  // Some browsers throw all of that away at once, and leave the cookies.
  if (isNew && (remembered(MARKER) !== null || hasStarted(document.cookie))) remember(MARKER, GONE);
  return remembered(MARKER) === GONE;
}

/** Somebody knows. */
export function evictionSeen(): void {
  remember(MARKER, "yes");
}

/** Once somebody is logged in, ask the browser to keep what there is; and again when it is installed. */
export function keepPersistent(work: Pick<Work, "state" | "subscribe" | "persist">): void {
  let asked = false;
  const ask = async () => {
    if (!work.state().person) return;
    if (remembered(MARKER) !== GONE) remember(MARKER, "yes");
    await work.persist();
  };
  const once = () => {
    if (asked || !work.state().person) return;
    asked = true;
    void ask();
  };
  work.subscribe(once);
  once();
  window.addEventListener("appinstalled", () => void ask());
}
