/** Random runs of work on bad networks and dying devices: nothing is lost, and nothing counts twice. */
import { expect, test } from "vitest";
import { Device, type Page } from "../testing/device";
import { FAULTS, TestGateway } from "../testing/gateway";
import { randomOf } from "../testing/random";

const RUNS = Number(process.env.RUNS ?? 12);
const OPERATIONS = 50;

interface Party {
  who: string;
  device: Device;
  page: Page;
  /** Operations that the screen said were done. */
  answered: { operation_id: string; accepted: boolean; quantity: number }[];
}

class Run {
  readonly parties: Party[] = [];
  struck = 0;

  constructor(
    readonly gateway: TestGateway,
    readonly random: () => number,
  ) {}

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  async join(who: string): Promise<void> {
    const device = new Device(this.gateway, this.random);
    const page = await device.open();
    await page.work.login(who, "correct horse battery");
    await page.until((state) => state.tasks.length > 0);
    this.parties.push({ who, device, page, answered: [] });
  }

  async step(party: Party): Promise<void> {
    if (this.chance(0.25)) this.strike();
    if (this.chance(0.15)) party.device.cut = !party.device.cut;
    if (this.chance(0.08)) {
      party.device.kill();
      party.page = await party.device.open();
    }
    await this.operate(party);
    // Sometimes the network has the time to be used, and sometimes not.
    if (this.chance(0.5)) await party.page.work.refresh().catch(() => {});
  }

  /** Have the next requests of somebody meet with something between send and answer, or before. */
  private strike(): void {
    const fault = FAULTS[this.below(FAULTS.length)];
    const path = this.chance(0.5) ? "/api/scan" : "/api/scans";
    if (!fault) return;
    this.gateway.next(path, (meets) => {
      const before = this.gateway.answers.size;
      const result = fault(meets);
      if (this.gateway.answers.size > before) this.struck++;
      return result;
    });
  }

  private async operate({ page, answered }: Party): Promise<void> {
    const { work } = page;
    const kind = this.random();
    const mine = work.state().done;
    if (kind < 0.15 && mine.length) {
      const target = mine[this.below(Math.min(mine.length, 8))];
      await work.undo(target?.operation_id ?? "").catch(() => {});
      return;
    }
    const task = work.state().tasks[0];
    const line = task?.lines[this.below(task.lines.length)];
    if (!task || !line) return;
    const quantity = 1 + this.below(3);
    if (kind < 0.22) {
      await work.short(task.task_id, line.line_id, quantity, "damaged", "").catch(() => {});
      return;
    }
    const answer = await work.scan(task.task_id, kind < 0.28 ? "Z" : line.sku, { quantity });
    const accepted = ["picked", "line_complete", "task_complete"].includes(answer.outcome);
    answered.push({ operation_id: answer.operation_id, accepted, quantity });
  }

  async end(): Promise<void> {
    this.gateway.faults = [];
    for (const party of this.parties) {
      party.device.cut = false;
      // What is under way may still meet with a fault.
      while (!(await refreshed(party))) {}
    }
    for (const party of this.parties) await party.page.work.refresh();
  }
}

function refreshed({ page }: Party): Promise<boolean> {
  return page.work.refresh().then(
    () => true,
    () => false,
  );
}

test.each(Array.from({ length: RUNS }, (_, at) => Number(process.env.SEED ?? 1000) + at))(
  "run %i loses nothing, and counts nothing twice",
  async (seed) => {
    const gateway = await TestGateway.start();
    const task = gateway.addTask(
      1,
      ["ana", "boris"],
      [
        ["A", 40],
        ["B", 25],
        ["C", 60],
      ],
    );
    const run = new Run(gateway, randomOf(seed));
    await run.join("ana");
    await run.join("boris");
    for (let at = 0; at < OPERATIONS; at++) {
      const party = run.parties[run.below(run.parties.length)];
      if (party) await run.step(party);
    }
    await run.end();

    let counted = 0;
    for (const { page, answered } of run.parties) {
      const state = page.work.state();
      expect(state.waiting).toEqual([]);
      const conflicts = new Set(state.conflicts.map((one) => one.operation_id));
      for (const { operation_id, accepted, quantity } of answered) {
        const answer = gateway.answers.get(operation_id);
        // Every scan reached the server; what the screen said counts, or is a conflict to be seen.
        expect(answer).toBeDefined();
        const isCounted = answer?.status === 200;
        expect(isCounted).toBe(accepted && !conflicts.has(operation_id));
        if (isCounted && !gateway.undone.has(operation_id)) counted += quantity;
      }
      // The screen shows what the server has.
      const shown = state.tasks[0]?.lines.map(({ line_id, picked, short }) => ({ line_id, picked, short }));
      expect(shown).toEqual(task.lines.map(({ line_id, picked, short }) => ({ line_id, picked, short })));
    }
    expect(gateway.picked(1)).toBe(counted);
    expect(new Set(gateway.recorded.map((one) => one.operation_id)).size).toBe(gateway.recorded.length);
    struck.push(run.struck);
    for (const { device } of run.parties) device.kill();
    await gateway.stop();
  },
  60_000,
);

const struck: number[] = [];
test("faults struck between send and answer in these runs", () => {
  expect(struck.filter((count) => count > 0).length).toBeGreaterThan(struck.length / 2);
});
