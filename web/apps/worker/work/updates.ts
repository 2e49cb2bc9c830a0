/** A newer version of the application: noticed, offered, and taken over in a quiet moment. */
import type { Application } from "./application";

/** So long, in milliseconds, nobody has touched anything in a quiet moment. */
const QUIET = 60_000;
/** How often to see whether the moment is quiet. */
const SEE = 5_000;
/** How often to look for a newer version. */
const LOOK = 3_600_000;
const INPUT = ["pointerdown", "keydown", "beforeinput", "input", "touchstart"];

/** Notice a newer version, and have it take over in a quiet moment. It never waits for an empty queue. */
export async function watchForUpdates(work: Application): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const untouched = sinceInput();
  const isQuiet = () => untouched() > QUIET && !work.sender.isBusy;
  const container = navigator.serviceWorker;
  // The first one that takes a page over is not a newer one.
  const hadOne = container.controller !== null;
  let isAsked = false;
  let isTaken = false;
  container.addEventListener("controllerchange", () => {
    isTaken = hadOne;
    if (isTaken && isAsked) location.reload();
  });
  const registration = await container.ready;
  const takeOver = () => registration.waiting?.postMessage("take over");
  noticeNewer(registration, () => {
    if (!container.controller) return;
    work.offerUpdate(() => {
      isAsked = true;
      takeOver();
    });
  });
  setInterval(() => void registration.update().catch(() => {}), LOOK);
  setInterval(() => {
    if (!isQuiet()) return;
    if (isTaken) location.reload();
    else takeOver();
  }, SEE);
}

function noticeNewer(registration: ServiceWorkerRegistration, notice: () => void): void {
  const look = () => {
    if (registration.waiting) notice();
  };
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", look),
  );
  look();
}

/** Tells how long nobody has touched anything, in milliseconds. */
function sinceInput(): () => number {
  let at = Date.now();
  for (const event of INPUT) {
    window.addEventListener(event, () => (at = Date.now()), { capture: true, passive: true });
  }
  return () => Date.now() - at;
}
