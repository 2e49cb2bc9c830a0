import type { listen } from "kit/live/live";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DONE_KEPT } from "../store/store";
import { anaAtWork, type Device, FAST, type Page } from "../testing/device";
import type { TestGateway } from "../testing/gateway";
import { siteOfAna } from "../testing/site";

type Told = Parameters<typeof listen>;

let gateway: TestGateway;
let device: Device;
let page: Page;
/** What the connection to the gateway tells the application. */
let briefly: (operations: (string | undefined)[]) => void;
let connected: Told[2];

/** Nothing is read or sent but for what is told. */
const CALM = { ...FAST, first: 1_000_000, longest: 1_000_000, calm: 1_000_000, fresh: 1_000_000 };

beforeEach(async () => {
  ({ gateway, device } = await siteOfAna());
  device.tempo = CALM;
  gateway.addTask(2, ["ana"], [["C", 10_000]]);
  page = await anaAtWork(device);
  page.work.followBy((_token, _happened, isConnected, _missed, _client, manner) => {
    connected = isConnected;
    if (manner && "briefly" in manner) briefly = manner.briefly;
    return { watch() {}, renew() {}, close() {} };
  });
});
afterEach(async () => {
  device.kill();
  await gateway.stop();
});

const read = () => gateway.asked("/api/picking");

test("what was done here is known, even where more was sent than is remembered", async () => {
  const { work } = page;
  device.cut = true;
  const mine: string[] = [];
  while (mine.length < DONE_KEPT + 50) mine.push((await work.scan(2, "C")).operation_id);
  device.cut = false;
  await work.sender.run();
  const before = read();
  briefly(mine);
  await work.sender.run();
  expect(read()).toBe(before);
  briefly([...mine, "somebody else's"]);
  await work.sender.run();
  expect(read()).toBe(before + 1);
  briefly([undefined]);
  await work.sender.run();
  expect(read()).toBe(before + 2);
});

test("what waits is sent as soon as there is a connection again", async () => {
  device.cut = true;
  await page.work.scan(2, "C");
  await page.work.sender.run().catch(() => {});
  device.cut = false;
  // The browser has said nothing of the network.
  connected(true);
  await page.sent();
  expect(gateway.recorded).toHaveLength(1);
});
