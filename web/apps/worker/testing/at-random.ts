/**
 * Two devices on one task of a real gateway, each at random: scans, shortages and undos, on and off the network,
 * with pages that are killed and answers that are lost. What was shown on the screens is told at the end; whoever
 * asked compares it with the ledger.
 */
import { BadNetwork, STRIKES } from "./bad-network";
import { Device, FAST, type Page } from "./device";
import { randomOf } from "./random";

export interface Asked {
  seed: number;
  gateway: string;
  task_id: number;
  workers: [name: string, password: string][];
  operations: number;
  /** Processes that are to be killed in this run, at which operation. */
  kills: [at: number, part: string][];
}

interface Shown {
  worker: string;
  /** Scans, as the screen answered them, and those of them that it says were otherwise. */
  scans: { operation_id: string; accepted: boolean }[];
  conflicts: string[];
  /** How many of the others were taken down. */
  shortages: number;
  undos: string[];
  waiting: number;
  lines: { line_id: number; picked: number; short: number }[];
}

export interface Told {
  seed: number;
  struck: number;
  pagesKilled: number;
  shown: Shown[];
}

/** Where a run is that goes on, for whoever wonders why it does not end. */
interface Place {
  doing: string;
  operation: number;
  parties: Party[];
  /** What came in the way last. */
  failed: string;
}
const places = new Map<number, Place>();

interface Party {
  worker: string;
  device: Device;
  page: Page;
  scans: Shown["scans"];
  shortages: number;
  undos: string[];
}

const ACCEPTED = ["picked", "line_complete", "task_complete"];
// A server that is killed is back after seconds: nothing is won by asking every few milliseconds.
const TEMPO = { ...FAST, longest: 100, direct: 5_000 };

/** Do it. `kill` is called with the process to be killed, and nothing waits for that. */
export async function workAtRandom(asked: Asked, kill: (part: string) => void): Promise<Told> {
  const place: Place = { doing: "begins", operation: 0, parties: [], failed: "" };
  places.set(asked.seed, place);
  try {
    return await work(asked, kill, place);
  } finally {
    places.delete(asked.seed);
  }
}

/** What a run does just now, and what its screens show; null where it has ended. */
export function whereIs(seed: number) {
  const place = places.get(seed);
  if (!place) return null;
  const { doing, operation, parties, failed } = place;
  const screens = parties.map(({ worker, device, page }) => {
    const { tasks, done, waiting, troubles, online } = page.work.state();
    const sender = { isBusy: page.work.sender.isBusy, isWaiting: page.work.sender.isWaiting };
    const shown = { tasks: tasks.length, done: done.length, waiting, troubles, online };
    return { worker, cut: device.cut, ...sender, ...shown };
  });
  return { doing, operation, failed, screens };
}

async function work(asked: Asked, kill: (part: string) => void, place: Place): Promise<Told> {
  const random = randomOf(asked.seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const network = await BadNetwork.start(asked.gateway);
  const { parties } = place;
  let pagesKilled = 0;
  for (const [worker, password] of asked.workers) {
    const device = new Device(network, random);
    device.tempo = TEMPO;
    const page = await device.open();
    parties.push({ worker, device, page, scans: [], shortages: 0, undos: [] });
    place.doing = `logs ${worker} in`;
    await eventually(() => page.work.login(worker, password), place);
    place.doing = `waits for the tasks of ${worker}`;
    await page.until((state) => state.tasks.length > 0);
  }
  const kills = new Map(asked.kills);
  // A run in which nothing was lost on its way shows nothing: it goes on until something was.
  for (let at = 0; at < asked.operations || network.struck === 0; at++) {
    const party = parties[below(parties.length)] as Party;
    Object.assign(place, { doing: `works as ${party.worker}`, operation: at });
    if (at >= asked.operations) {
      network.strike("after");
      party.device.cut = false;
    }
    const part = kills.get(at);
    if (part) kill(part);
    if (random() < 0.25) network.strike(STRIKES[below(STRIKES.length)] ?? "after");
    if (random() < 0.15) party.device.cut = !party.device.cut;
    if (random() < 0.06) {
      party.device.kill();
      party.page = await party.device.open();
      pagesKilled++;
    }
    await operate(party, random, below);
    if (random() < 0.4) await party.page.work.refresh().catch(() => {});
  }
  network.calm();
  for (const { device } of parties) device.cut = false;
  // Twice, for what the other one sent meanwhile.
  for (const { page, worker } of [...parties, ...parties]) {
    place.doing = `sends what is left of ${worker}`;
    await eventually(() => page.work.refresh(), place);
  }
  place.doing = "ends";
  const shown = parties.map((party) => shownBy(party, asked.task_id));
  for (const { device } of parties) device.kill();
  await network.stop();
  return { seed: asked.seed, struck: network.struck, pagesKilled, shown };
}

async function operate(party: Party, random: () => number, below: (limit: number) => number) {
  const { work } = party.page;
  const { tasks, done } = work.state();
  const kind = random();
  const task = tasks[0];
  const line = task?.lines[below(task.lines.length)];
  if (kind < 0.15 && done.length) {
    const undoes = done[below(Math.min(done.length, 8))]?.operation_id ?? "";
    await work.undo(undoes).then(
      () => party.undos.push(undoes),
      () => {},
    );
  } else if (task && line) {
    const quantity = 1 + below(3);
    if (kind < 0.22) {
      await work.short(task.task_id, line.line_id, quantity, "damaged", "").then(
        () => party.shortages++,
        () => {},
      );
    } else {
      const code = kind < 0.28 ? "NO-SUCH-CODE" : line.sku;
      const { operation_id, outcome } = await work.scan(task.task_id, code, { quantity });
      party.scans.push({ operation_id, accepted: ACCEPTED.includes(outcome) });
    }
  }
}

function shownBy({ worker, page, scans, shortages, undos }: Party, taskId: number): Shown {
  const { conflicts, waiting, tasks } = page.work.state();
  const lines = tasks.find((task) => task.task_id === taskId)?.lines ?? [];
  return {
    worker,
    scans,
    shortages,
    undos,
    conflicts: conflicts.map((one) => one.operation_id),
    waiting: waiting.reduce((sum, one) => sum + one.count, 0),
    lines: lines.map(({ line_id, picked, short }) => ({ line_id, picked, short })),
  };
}

/** Until it is done, which whoever waits for all of this gives a limit. */
async function eventually(what: () => Promise<void>, place: Place): Promise<void> {
  for (;;) {
    try {
      return await what();
    } catch (error) {
      place.failed = String(error);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
