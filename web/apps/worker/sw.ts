/**
 * The service worker: the application itself, kept on the device, so that it opens without a network.
 *
 * It keeps files of the build and nothing else. What the API answers is the application's to keep.
 */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";

interface Kept {
  url: string;
  /** Null where the name has a hash of the content in it. */
  revision: string | null;
}

// Put in by the build.
declare const FILES_TO_KEEP: Kept[];

interface Worker extends EventTarget {
  registration: { scope: string };
  skipWaiting(): Promise<void>;
}
const worker = self as unknown as Worker;

precacheAndRoute(FILES_TO_KEEP);
cleanupOutdatedCaches();

const application = createHandlerBoundToURL("index.html");

worker.addEventListener("fetch", (event) => {
  const { request } = event as Event & { request: Request };
  if (request.mode !== "navigate") return;
  const answer = application({ request, event: event as never, url: new URL(request.url) });
  (event as Event & { respondWith(answer: Promise<Response>): void }).respondWith(answer);
});

// A new version waits until the application says that the moment is quiet.
worker.addEventListener("message", (event) => {
  if ((event as MessageEvent).data === "take over") void worker.skipWaiting();
});
