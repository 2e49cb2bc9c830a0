import { openDB } from "idb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Device } from "../testing/device";
import { cutBefore, TestGateway } from "../testing/gateway";
import { brought } from "./address";

let gateway: TestGateway;
let device: Device;

beforeEach(async () => {
  gateway = await TestGateway.start();
  gateway.addTask(1, ["ana"], [["A", 50]]);
  gateway.addTask(2, ["boris"], [["B", 50]]);
  device = new Device(gateway);
});
afterEach(async () => {
  device.kill();
  await gateway.stop();
});

const PASSWORD = "correct horse battery";

async function atWork(...people: string[]) {
  const page = await device.open();
  for (const who of people) {
    await page.work.login(who, PASSWORD);
    await page.until((state) => state.person?.username === who && state.tasks.length > 0);
  }
  return page;
}

describe("a login", () => {
  test("lasts over a restart, without a network", async () => {
    await atWork("ana");
    device.kill();
    device.cut = true;
    const { work } = await device.open();
    expect(work.state()).toMatchObject({ person: { username: "ana", role: "worker" }, troubles: [] });
    expect(work.state().tasks).toHaveLength(1);
  });

  test("that is refused says why", async () => {
    const { work } = await atWork();
    await expect(work.login("ana", "wrong")).rejects.toMatchObject({ code: "bad_credentials", status: 401 });
    device.cut = true;
    await expect(work.login("ana", PASSWORD)).rejects.toMatchObject({ code: "offline" });
    expect(work.state().person).toBeNull();
  });

  test("by PIN or badge needs a device that was enrolled", async () => {
    const { work } = await atWork();
    await expect(work.loginWithPin("ana", "402913")).rejects.toMatchObject({ code: "not_enrolled" });
    await work.login("boss", PASSWORD);
    await work.enrol("Scanner 7");
    expect(work.state().enrolled).toBe(true);
    await work.loginWithPin("ana", "402913");
    expect(work.state().person?.username).toBe("ana");
    const sent = gateway.requests.find((one) => one.path === "/api/auth/pin")?.body;
    expect(sent).toEqual({ device_id: "d1", device_secret: "s.1", username: "ana", pin: "402913" });
    await work.loginWithBadge("MGB1ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    expect(gateway.asked("/api/auth/badge")).toBe(1);
  });

  test("that is over is renewed once, for all who ask at once", async () => {
    const page = await atWork("ana");
    gateway.endTokens("access");
    const other = await device.open();
    await Promise.all([page.work.refresh(), other.work.refresh(), page.work.claim(1), other.work.claim(1)]);
    expect(gateway.asked("/api/auth/refresh")).toBe(1);
  });

  test("is renewed before it is over", async () => {
    gateway.tokenLife = 0.2;
    const page = await atWork("ana");
    page.work.begin();
    const seen = gateway.asked("/api/auth/refresh");
    await new Promise<void>((resolve) => {
      const stop = page.work.subscribe(() => {
        if (gateway.asked("/api/auth/refresh") < seen + 3) return;
        stop();
        resolve();
      });
    });
    expect(gateway.requests.every((one) => one.headers.authorization !== "")).toBe(true);
    expect(page.work.state().troubles).toEqual([]);
  });

  test("that ended while offline stops no work, and what waits goes after the next one", async () => {
    const page = await atWork("ana");
    device.cut = true;
    await page.work.scan(1, "A");
    gateway.endTokens("all");
    device.cut = false;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "login_needed" });
    expect(page.work.state()).toMatchObject({ person: { username: "ana" }, troubles: ["login_needed"] });
    expect((await page.work.scan(1, "A")).outcome).toBe("picked");
    expect(page.work.state().waiting).toMatchObject([{ owner: "ana", count: 2 }]);
    // Somebody else's login sends nothing of hers.
    await page.work.login("boris", PASSWORD);
    await page.work.refresh();
    expect(gateway.recorded).toEqual([]);
    await page.work.login("ana", PASSWORD);
    await page.sent();
    expect(gateway.picked(1)).toBe(2);
    expect(page.work.state().troubles).toEqual([]);
  });

  test("that is not allowed any more keeps what waits for a supervisor to hand in", async () => {
    const page = await atWork("ana");
    device.cut = true;
    await page.work.scan(1, "A");
    gateway.endTokens("all");
    gateway.inactive.add("ana");
    device.cut = false;
    await expect(page.work.refresh()).rejects.toMatchObject({ code: "login_needed" });
    await expect(page.work.login("ana", PASSWORD)).rejects.toMatchObject({ code: "user_inactive" });
    expect(page.work.state().troubles).toContain("rights_ended");
    await page.work.login("boss", PASSWORD);
    gateway.endTokens("all");
    await expect(page.work.handIn("ana")).rejects.toMatchObject({ code: "login_needed" });
    await page.work.login("boss", PASSWORD);
    await page.work.handIn("ana");
    expect(page.work.state().waiting).toEqual([]);
    expect([...gateway.handedIn.values()]).toEqual(["boss"]);
    expect(gateway.picked(1)).toBe(1);
  });
});

describe("a device that several people share", () => {
  test("keeps their queues apart", async () => {
    const page = await atWork("ana", "boris");
    device.cut = true;
    await page.work.scan(2, "B");
    await page.work.change("ana");
    await page.work.scan(1, "A", { quantity: 2 });
    expect(page.work.state().tasks.map((task) => task.task_id)).toEqual([1]);
    expect(page.work.state().people.map((one) => one.username)).toEqual(["ana", "boris"]);
    expect(new Map(page.work.state().waiting.map((one) => [one.owner, one.count]))).toEqual(
      new Map([
        ["ana", 1],
        ["boris", 1],
      ]),
    );
    device.cut = false;
    await page.work.refresh();
    await page.sent();
    expect([gateway.picked(1), gateway.picked(2)]).toEqual([2, 1]);
    const tokens = gateway.requests
      .filter((one) => one.path === "/api/scan")
      .map((one) => gateway.tokens.get(one.headers.authorization?.replace("Bearer ", "") ?? ""));
    expect(new Set(tokens)).toEqual(new Set(["ana", "boris"]));
  });

  test("goes on with nobody who is not logged in", async () => {
    const { work } = await atWork("ana");
    await expect(work.change("boris")).rejects.toMatchObject({ code: "login_needed" });
  });

  test("keeps what waits when its owner logs out", async () => {
    const page = await atWork("ana");
    device.cut = true;
    await page.work.scan(1, "A");
    await page.work.logout();
    expect(page.work.state()).toMatchObject({
      person: null,
      tasks: [],
      waiting: [{ owner: "ana", count: 1 }],
    });
    device.cut = false;
    await page.work.login("ana", PASSWORD);
    await page.sent();
    expect(gateway.picked(1)).toBe(1);
  });

  test("tells the gateway of a logout later where it was out of reach", async () => {
    const page = await atWork("ana");
    const refresh = [...gateway.tokens.keys()].find((one) => one.startsWith("r.")) ?? "";
    gateway.next("/api/auth/logout", cutBefore);
    await page.work.logout();
    expect(gateway.tokens.has(refresh)).toBe(true);
    await page.work.session.endLogins();
    expect(gateway.tokens.has(refresh)).toBe(false);
  });
});

describe("a logout while", () => {
  /** Has the next request to a path wait for its answer; returns when it is there, and what lets it go on. */
  function waits(path: string) {
    let arrived = () => {};
    let goOn = () => {};
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const isOver = new Promise<void>((resolve) => (goOn = resolve));
    gateway.next(path, async ({ response, done }) => {
      const [status, body] = done();
      arrived();
      await isOver;
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
    return { isThere, goOn: () => goOn() };
  }

  test("the tasks are read leaves none of them on the device", async () => {
    const { work } = await atWork("ana");
    gateway.addTask(3, ["ana"], [["C", 1]]);
    const { isThere, goOn } = waits("/api/picking");
    const reading = work.refresh();
    await isThere;
    await work.logout();
    goOn();
    await reading;
    expect(work.state().tasks).toEqual([]);
    const database = await openDB("magacin-work");
    expect(await database.getAll("pictures")).toEqual([]);
    database.close();
  });

  test("the login is renewed ends the new one as well", async () => {
    const { work } = await atWork("ana");
    gateway.endTokens("access");
    const { isThere, goOn } = waits("/api/auth/refresh");
    const reading = work.refresh().catch(() => {});
    await isThere;
    await work.logout();
    goOn();
    await reading;
    expect(work.state().people).toEqual([]);
    await work.session.endLogins();
    expect([...gateway.tokens.keys()].filter((one) => one.startsWith("r."))).toEqual([]);
    device.kill();
    expect((await device.open()).work.state().people).toEqual([]);
  });
});

test("who takes over keeps the tokens that another tab got for them", async () => {
  const page = await atWork("ana", "boris");
  const other = await device.open();
  gateway.endTokens("access");
  await other.work.change("ana");
  await other.work.refresh();
  await page.work.change("boris");
  await page.work.change("ana");
  await page.work.refresh();
  expect(page.work.state().troubles).toEqual([]);
});

describe("a device that the gateway does not know any more", () => {
  async function enrolled(...people: string[]) {
    const page = await atWork(...people);
    await page.work.session.enrolment.become({ device_id: "d1", secret: "s.1" });
    gateway.endedDevices.add("d1");
    return page;
  }

  test("forgets that it was enrolled when somebody logs in by PIN", async () => {
    const { work } = await enrolled();
    await expect(work.loginWithPin("ana", "402913")).rejects.toMatchObject({ code: "device_refused" });
    expect(work.state()).toMatchObject({ enrolled: false, device_id: null, troubles: ["device_refused"] });
    device.kill();
    expect((await device.open()).work.state().enrolled).toBe(false);
  });

  test("lets people in by password all the same", async () => {
    const { work } = await enrolled();
    await work.login("ana", PASSWORD);
    expect(work.state()).toMatchObject({ person: { username: "ana" }, enrolled: false });
    expect(gateway.requests.map(({ body }) => body)).toMatchObject([
      { username: "ana", device_id: "d1", device_secret: "s.1" },
      { username: "ana" },
    ]);
    expect(gateway.requests[1]?.body).not.toHaveProperty("device_id");
  });

  test("learns it with its sign of life, and goes on picking", async () => {
    const page = await enrolled("ana");
    page.work.begin();
    await page.until((state) => !state.enrolled);
    expect(page.work.state().troubles).toEqual(["device_refused"]);
    expect((await page.work.scan(1, "A")).outcome).toBe("picked");
    await page.sent();
    expect(gateway.picked(1)).toBe(1);
  });

  test("is as good as new once it is enrolled again", async () => {
    const page = await enrolled();
    await page.work.login("boss", PASSWORD);
    await page.work.session.enrolment.become({ device_id: "d1", secret: "s.1" });
    await expect(page.work.loginWithBadge("MGB1")).rejects.toMatchObject({ code: "device_refused" });
    gateway.endedDevices.clear();
    await page.work.enrol("Scanner 7");
    expect(page.work.state()).toMatchObject({ enrolled: true, device_id: "d1", troubles: [] });
  });

  test("keeps what another tab enrolled meanwhile", async () => {
    const page = await enrolled();
    const other = await device.open();
    await other.work.session.enrolment.become({ device_id: "d2", secret: "s.2" });
    await expect(page.work.loginWithPin("ana", "402913")).rejects.toMatchObject({ code: "device_refused" });
    expect(page.work.state()).toMatchObject({ enrolled: true, device_id: "d2", troubles: [] });
  });
});

test("a password names the device that it is typed on, where that is one", async () => {
  const page = await atWork();
  await page.work.session.enrolment.become({ device_id: "d1", secret: "s.1" });
  await page.work.login("ana", PASSWORD);
  expect(gateway.requests[0]?.body).toMatchObject({ device_id: "d1", device_secret: "s.1" });
});

describe("what is asked as whoever works here", () => {
  const isNothing = (body: unknown): body is null => body === null;
  const setPin = (password: string) =>
    ["/api/users/ana/pin", isNothing, { method: "PUT", json: { pin: "402817", password } }] as const;

  test("is done with their token, also with a new one", async () => {
    const { work } = await atWork("ana");
    gateway.endTokens("access");
    expect(await work.ask(...setPin(PASSWORD))).toBeNull();
    expect(gateway.asked("/api/auth/refresh")).toBe(1);
  });

  test("is asked once where the proof is wrong: each counts", async () => {
    const { work } = await atWork("ana");
    await expect(work.ask(...setPin("wrong"))).rejects.toMatchObject({ code: "bad_credentials" });
    expect(gateway.asked("/api/users/ana/pin")).toBe(1);
  });

  test("is nothing where nobody is logged in, or without a network", async () => {
    const page = await atWork();
    await expect(page.work.ask(...setPin(PASSWORD))).rejects.toMatchObject({ code: "login_needed" });
    await page.work.login("ana", PASSWORD);
    device.cut = true;
    await expect(page.work.ask(...setPin(PASSWORD))).rejects.toMatchObject({ code: "offline" });
  });
});

test("whether the gateway answers is not said before it was asked", async () => {
  const page = await device.open();
  expect(page.work.state().online).toBeNull();
  page.work.begin();
  await page.until((state) => state.online === true);
  device.cut = true;
  await expect(page.work.login("ana", PASSWORD)).rejects.toMatchObject({ code: "offline" });
  expect(page.work.state().online).toBe(false);
});

test("that there are more tasks than the device holds is said, also without a network", async () => {
  gateway.hasMore = true;
  await atWork("ana");
  device.kill();
  device.cut = true;
  const { work } = await device.open();
  expect(work.state().is_cut).toBe(true);
});

test("the browser can be asked again to keep what is there", async () => {
  const { work } = await atWork("ana");
  expect(await work.persist()).toBe(false);
  expect(work.state().troubles).toEqual(["not_persistent"]);
  device.promises = true;
  expect(await work.persist()).toBe(true);
  expect(work.state().troubles).toEqual([]);
});

test("a sign of life says what waits, and learns the time", async () => {
  const page = await atWork("ana");
  await page.work.session.enrolment.become({ device_id: "d1", secret: "s.1" });
  device.wrongBy = -7_200_000;
  gateway.always = ({ request, response, done, cut }) => {
    if (request.url?.startsWith("/api/scan")) return cut();
    const [status, body] = done();
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
  await page.work.scan(1, "A");
  page.work.begin();
  await page.until(() => Math.abs(page.work.now() - Date.now()) < 5_000);
  const contact = gateway.requests.find((one) => one.path === "/api/devices/d1/contact");
  expect(contact?.body).toMatchObject({
    device_secret: "s.1",
    queues: [{ username: "ana", queued: 1 }],
    app_version: "test",
  });
});

describe("the address", () => {
  test("can bring a device and a badge", () => {
    expect(brought("#device=6c0d.se.cret&badge=MGB1ABC")).toEqual({
      device: { device_id: "6c0d", secret: "se.cret" },
      badge: "MGB1ABC",
    });
  });
  test("mostly brings nothing", () => {
    expect(brought("")).toEqual({ device: null, badge: null });
    expect(brought("#device=half")).toEqual({ device: null, badge: null });
  });
});
