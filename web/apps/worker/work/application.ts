/** The work on this device, as the screens know it. Each part of it is a file of its own; `wiring` has them together. */

import type { listen } from "kit/live/live";
import type { Session } from "../session/session";
import type { Store } from "../store/store";
import type { Sender } from "../sync/sender";
import { evictionSeen } from "./device";
import type { Platform } from "./platform";
import { type Tempo, USUAL_TEMPO } from "./tempo";
import { Wiring } from "./wiring";
import type { Asked, Conflict, ScanAnswer, Scanned, ShortageReason, Trouble, Work, WorkState } from "./work";

export class Application implements Work {
  /** Has the newer version of the application take over; null where none waits. */
  private takeOver: (() => void) | null = null;

  private constructor(private readonly parts: Wiring) {}

  /** Opens the work on what the device keeps. Nothing is asked of the network before it is there. */
  static async open(
    store: Store,
    platform: Platform,
    { tempo = USUAL_TEMPO, version = "unknown" }: { tempo?: Tempo; version?: string } = {},
  ): Promise<Application> {
    const parts = new Wiring(store, platform, tempo, version);
    parts.base.clock.offset = (await store.setting("offset")) ?? null;
    parts.troubles.note("no_storage", !store.lasts);
    await parts.session.load();
    await parts.load();
    return new Application(parts);
  }

  get session(): Session {
    return this.parts.session;
  }

  get sender(): Sender {
    return this.parts.sender;
  }

  /** Begin to send, and to say that the device is there. */
  begin(): void {
    this.parts.signs.begin();
    this.parts.renewal.plan();
  }

  /** Follow what happens elsewhere. */
  followBy(how: typeof listen): void {
    this.parts.following.begin(how);
  }

  close(): void {
    this.parts.close();
  }

  subscribe = (listener: () => void): (() => void) => this.parts.screens.subscribe(listener);

  state = (): WorkState => this.parts.screens.state();

  now = (): number => this.parts.base.clock.now();

  // Who works here

  login(username: string, password: string): Promise<void> {
    return this.takeOverBy(() => this.session.login(username, password));
  }

  loginWithPin(username: string, pin: string): Promise<void> {
    return this.takeOverBy(() => this.session.loginWithPin(username, pin));
  }

  loginWithBadge(code: string): Promise<void> {
    return this.takeOverBy(() => this.session.loginWithBadge(code));
  }

  change(username: string): Promise<void> {
    return this.takeOverBy(() => this.session.change(username));
  }

  async logout(): Promise<void> {
    await this.session.logout();
    await this.parts.load();
    this.parts.channel.tell("people");
  }

  async enrol(name: string): Promise<void> {
    await this.session.enrol(name);
    this.parts.channel.tell("people");
  }

  /** It does not go through the queue, and what it is about is not kept. */
  async ask<T>(
    address: string,
    isOurs: (body: unknown) => body is T,
    { method = "GET", json }: Asked = {},
  ): Promise<T> {
    const { session, gateway } = this.parts.base;
    const { body } = await session.withToken(session.currentOrThrow(), (token) =>
      gateway.ask(address, isOurs, { method, token, json }),
    );
    return body;
  }

  private async takeOverBy(enter: () => Promise<void>): Promise<void> {
    await enter();
    this.parts.reading.want();
    await this.parts.load();
    this.parts.channel.tell("people");
    this.parts.send();
  }

  // What is done with tasks where the gateway answers

  refresh(): Promise<void> {
    return this.parts.commands.refresh();
  }

  claim(taskId: number): Promise<void> {
    return this.parts.commands.give(taskId, "claim");
  }

  start(taskId: number): Promise<void> {
    return this.parts.commands.give(taskId, "start");
  }

  async complete(taskId: number): Promise<void> {
    try {
      await this.sender.run();
    } catch (error) {
      // What was picked for it has to be there first.
      if (this.parts.kept.waitsFor(taskId)) throw error;
    }
    await this.parts.commands.give(taskId, "complete");
  }

  // What is done with goods

  scan(taskId: number, code: string, how?: Scanned): Promise<ScanAnswer> {
    return this.parts.operations.scan(taskId, code, how);
  }

  means(code: string): string | null {
    return this.parts.kept.bench.means(code);
  }

  short(
    taskId: number,
    lineId: number,
    quantity: number,
    reason: ShortageReason,
    note: string,
  ): Promise<void> {
    return this.parts.operations.short(taskId, lineId, quantity, reason, note);
  }

  undo(operationId: string): Promise<void> {
    return this.parts.operations.undo(operationId);
  }

  seen(conflict: Conflict): Promise<void> {
    return this.parts.seen(conflict);
  }

  sendAgain(): Promise<void> {
    return this.parts.sendAgain();
  }

  async handIn(owner: string): Promise<void> {
    try {
      await this.sender.handIn(owner);
    } finally {
      // What was set aside waits again, whatever became of it.
      await this.parts.load();
    }
  }

  // The application and its device

  async persist(): Promise<boolean> {
    const isPromised = await this.parts.base.platform.persist();
    this.parts.troubles.set("not_persistent", !isPromised);
    return isPromised;
  }

  evictionSeen(): void {
    evictionSeen();
    this.setTrouble("storage_evicted", false);
  }

  update(): void {
    this.takeOver?.();
  }

  /** A newer version of the application waits. */
  offerUpdate(takeOver: () => void): void {
    this.takeOver = takeOver;
    this.parts.screens.updateWaits = true;
    this.parts.screens.publish();
  }

  /** Something is the matter with the device, or is no longer. */
  setTrouble(trouble: Trouble, isThere: boolean): void {
    this.parts.troubles.set(trouble, isThere);
  }
}
