import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Device } from "../testing/device";
import { TestGateway } from "../testing/gateway";
import { keepPersistent, wasEvicted } from "./device";

let gateway: TestGateway;
let device: Device;

beforeEach(async () => {
  gateway = await TestGateway.start();
  gateway.addTask(1, ["ana"], [["A", 5]]);
  device = new Device(gateway);
  const kept = new Map<string, string>();
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("document", { cookie: "" });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  device.kill();
  await gateway.stop();
});

/** Storage as a browser has it where a site may not use any. */
function switchStorageOff() {
  const refuse = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse });
}

/** A device that keeps what there is, with somebody at work or not. */
async function opened(who: string | null) {
  const page = await device.open();
  keepPersistent(page.work);
  if (who) await page.work.login(who, "correct horse battery");
  return page;
}

test("what was never there was not thrown away", async () => {
  await opened(null);
  expect(wasEvicted(true)).toBe(false);
});

test("an empty database where somebody was at work was thrown away", async () => {
  await opened("ana");
  expect(wasEvicted(false)).toBe(false);
  expect(wasEvicted(true)).toBe(true);
});

test("that it was thrown away is said until somebody has seen it", async () => {
  const page = await opened("ana");
  expect(wasEvicted(true)).toBe(true);
  await page.work.change("ana");
  device.kill();
  const { work } = await opened(null);
  expect(wasEvicted(false)).toBe(true);
  work.evictionSeen();
  expect(wasEvicted(false)).toBe(false);
});

test("where all but the cookies was thrown away, they tell", async () => {
  await opened(null);
  vi.stubGlobal("document", { cookie: "theme=dark; magacin_start=/app/" });
  expect(wasEvicted(true)).toBe(true);
});

test("where storage is off nothing is known, and nothing breaks", async () => {
  switchStorageOff();
  const page = await opened("ana");
  await page.until((state) => state.troubles.includes("not_persistent"));
  expect(wasEvicted(true)).toBe(false);
});

test("the browser is asked once somebody is logged in, and what it says is shown", async () => {
  const page = await opened(null);
  expect(page.work.state().troubles).toEqual([]);
  expect(device.asked).toBe(0);
  await page.work.login("ana", "correct horse battery");
  await page.until((state) => state.troubles.includes("not_persistent"));
  await page.work.change("ana");
  expect(device.asked).toBe(1);
});

test("it is asked where somebody was logged in already", async () => {
  await opened("ana");
  device.kill();
  const page = await opened(null);
  await page.until((state) => state.troubles.includes("not_persistent"));
});

test("once it is installed it is asked again, and agrees", async () => {
  const page = await opened("ana");
  await page.until((state) => state.troubles.includes("not_persistent"));
  device.promises = true;
  window.dispatchEvent(new Event("appinstalled"));
  await page.until((state) => !state.troubles.includes("not_persistent"));
});

test("installed with nobody logged in, it is not asked yet", async () => {
  const page = await opened(null);
  window.dispatchEvent(new Event("appinstalled"));
  expect(device.asked).toBe(0);
  expect(page.work.state().troubles).toEqual([]);
});
