import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Device, type Page } from "../testing/device";
import { TestGateway } from "../testing/gateway";
import { watchForUpdates } from "./updates";

/** A version of the application, as the browser has its service worker: it takes over when `sw.ts` would have it. */
class Version extends EventTarget {
  constructor(private readonly browser: Browser) {
    super();
  }

  postMessage(message: string): void {
    if (message !== "take over") return;
    this.browser.registration.waiting = null;
    this.browser.control(this);
  }
}

class Registration extends EventTarget {
  installing: Version | null = null;
  waiting: Version | null = null;
  looked = 0;

  async update(): Promise<void> {
    this.looked++;
  }
}

/** What the page sees of a browser, as there is none here. */
class Browser extends EventTarget {
  controller: Version | null = null;
  reloads = 0;
  readonly registration = new Registration();
  readonly ready = Promise.resolve(this.registration);

  /** Be the browser of this page. */
  use(): void {
    vi.stubGlobal("navigator", { serviceWorker: this });
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("location", { reload: () => this.reloads++ });
  }

  control(version: Version): void {
    this.controller = version;
    this.dispatchEvent(new Event("controllerchange"));
  }

  /** Have found and installed a version; it waits where one is in control. */
  install(): void {
    const version = new Version(this);
    this.registration.installing = version;
    this.registration.dispatchEvent(new Event("updatefound"));
    this.registration.installing = null;
    this.registration.waiting = version;
    version.dispatchEvent(new Event("statechange"));
  }
}

const MINUTE = 60_000;
let gateway: TestGateway;
let device: Device;
let page: Page;
let browser: Browser;

beforeEach(async () => {
  gateway = await TestGateway.start();
  gateway.addTask(1, ["ana"], [["A", 5]]);
  device = new Device(gateway);
  page = await device.open();
  browser = new Browser();
  browser.use();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  device.kill();
  await gateway.stop();
});

const isOffered = () => page.work.state().update_waits;

async function watched(): Promise<void> {
  browser.controller = new Version(browser);
  await watchForUpdates(page.work);
}

test("the first version there is does not disturb anybody", async () => {
  await watchForUpdates(page.work);
  browser.install();
  expect(isOffered()).toBe(false);
  browser.registration.waiting?.postMessage("take over");
  vi.advanceTimersByTime(2 * MINUTE);
  expect(browser.reloads).toBe(0);
});

test("a newer one is offered, and takes over when somebody asks for it", async () => {
  await watched();
  expect(isOffered()).toBe(false);
  browser.install();
  expect(isOffered()).toBe(true);
  expect(browser.reloads).toBe(0);
  page.work.update();
  expect(browser.reloads).toBe(1);
});

test("one that waited since before is offered", async () => {
  browser.install();
  await watched();
  expect(isOffered()).toBe(true);
});

test("it takes over by itself once nobody has touched anything for a minute", async () => {
  await watched();
  browser.install();
  for (const event of ["pointerdown", "keydown", "input"]) {
    vi.advanceTimersByTime(MINUTE - 1_000);
    window.dispatchEvent(new Event(event));
  }
  vi.advanceTimersByTime(MINUTE);
  expect(browser.registration.waiting).not.toBeNull();
  vi.advanceTimersByTime(10_000);
  expect(browser.registration.waiting).toBeNull();
  expect(browser.reloads).toBeGreaterThan(0);
});

test("it does not take over while something is being sent", async () => {
  await page.work.login("ana", "correct horse battery");
  await page.until((state) => state.tasks.length > 0);
  await watched();
  browser.install();
  let answerNow = () => {};
  const isAsked = new Promise<void>((asked) =>
    gateway.next("/api/scan", async ({ done, response }) => {
      asked();
      await new Promise<void>((resolve) => (answerNow = resolve));
      const [status, body] = done();
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    }),
  );
  await page.work.scan(1, "A");
  await isAsked;
  vi.advanceTimersByTime(5 * MINUTE);
  expect(browser.registration.waiting).not.toBeNull();
  const sent = page.sent();
  answerNow();
  await sent;
  await page.work.refresh();
  vi.advanceTimersByTime(10_000);
  expect(browser.registration.waiting).toBeNull();
});

test("another tab's taking over is followed in a quiet moment", async () => {
  await watched();
  browser.control(new Version(browser));
  window.dispatchEvent(new Event("touchstart"));
  vi.advanceTimersByTime(MINUTE - 1_000);
  expect(browser.reloads).toBe(0);
  vi.advanceTimersByTime(11_000);
  expect(browser.reloads).toBeGreaterThan(0);
});

test("it is looked for every hour", async () => {
  await watched();
  vi.advanceTimersByTime(60 * MINUTE);
  expect(browser.registration.looked).toBe(1);
});
