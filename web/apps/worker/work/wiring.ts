/** The parts of the work, put together: what each of them has the others do. */
import type { Session } from "../session/session";
import type { Settlement, Store } from "../store/store";
import { Sender } from "../sync/sender";
import { type Base, baseOf } from "./base";
import { Commands } from "./commands";
import { Connection } from "./connection";
import { Direct } from "./direct";
import { Following } from "./following";
import { Kept } from "./kept";
import { Operations } from "./operations";
import type { Channel, Platform } from "./platform";
import { Queue } from "./queue";
import { Reading } from "./reading";
import { Renewal } from "./renewal";
import { Screens } from "./screens";
import { SignsOfLife } from "./signs";
import type { Tempo } from "./tempo";
import { Troubles } from "./troubles";
import { Turns } from "./turns";
import type { Conflict } from "./work";

/** How long to wait for more, in milliseconds, before what another tab did is read. */
const HEARD = 50;

export class Wiring {
  readonly session: Session;
  readonly sender: Sender;
  readonly base: Base;
  readonly channel: Channel;
  private readonly turns = new Turns();
  readonly troubles: Troubles;
  readonly kept: Kept;
  readonly screens: Screens;
  readonly reading: Reading;
  readonly commands: Commands;
  readonly operations: Operations;
  readonly signs: SignsOfLife;
  readonly renewal: Renewal;
  readonly following: Following;
  /** Whether another tab said so, and it was not read yet. */
  private havePeopleChanged = false;

  constructor(store: Store, platform: Platform, tempo: Tempo, version: string) {
    const changed = () => this.screens.publish();
    const cameBack = () => this.sender.isWaiting && this.send();
    const troubles = new Troubles(changed);
    const connection = new Connection(troubles, tempo, { changed, cameBack });
    this.base = baseOf(store, platform, tempo, {
      hearing: connection,
      peopleChanged: () => this.peopleChanged(),
      storeFailed: (error) => troubles.storeFailed(error),
    });
    const { base } = this;
    this.troubles = troubles;
    this.session = base.session;
    this.kept = new Kept(base);
    this.screens = new Screens(base.session, connection, this.kept, troubles);
    this.reading = new Reading(base, {
      wasRead: () => this.wasRead(),
      send: () => this.sender.kick(),
    });
    this.sender = new Sender(base, {
      settled: (result) => this.settled(result),
      held: (owner, why) => troubles.hold(owner, why),
      atRest: (owner) => this.reading.readIfWanted(owner),
      storeFailed: (error) => troubles.storeFailed(error),
    });
    const learned = (result: Settlement) => this.learned(result);
    this.commands = new Commands(base, this.reading, this.sender, troubles, learned);
    const queue = new Queue(base, this.kept, troubles, { changed, added: () => this.added() });
    const seen = (conflict: Conflict) => this.seen(conflict);
    const direct = new Direct(base, this.kept, queue, this.sender, this.screens, seen);
    this.operations = new Operations(base, this.kept, queue, direct, this.turns);
    this.signs = new SignsOfLife(base, version, {
      held: () => this.kept.held(),
      send: () => this.sender.run(),
    });
    this.renewal = new Renewal(base, () => this.following.renew());
    this.following = new Following(base.session, this.kept, this.reading, this.signs, () => this.send());
    this.channel = platform.channel((message) => this.hear(message));
  }

  close(): void {
    this.base.timers.close();
    this.reading.breakOff();
    this.sender.close();
    this.following.close();
    this.channel.close();
  }

  async seen(conflict: Conflict): Promise<void> {
    await this.kept.forget(conflict);
    this.screens.publish();
    this.channel.tell("work");
  }

  /** Send what was set aside of whoever works here again. */
  async sendAgain(): Promise<void> {
    await this.base.store.requeue(this.session.currentOrThrow());
    await this.loadInTurn();
    this.channel.tell("work");
    this.send();
  }

  /** Read all that the device keeps. */
  async load(): Promise<void> {
    await this.kept.load();
    this.screens.publish();
    this.following.follow();
  }

  /** Have what waits sent. */
  send(): void {
    // What comes in its way is noted where it is asked.
    this.sender.run().catch(() => {});
  }

  private async wasRead(): Promise<void> {
    await this.loadInTurn();
    this.channel.tell("work");
  }

  private loadInTurn(): Promise<void> {
    return this.turns.take(() => this.load());
  }

  /** Another tab of this device says that it did something: what is said in a while is read once. */
  private hear(message: string): void {
    this.havePeopleChanged ||= message === "people";
    const { timers } = this.base;
    if (timers.has("heard")) return;
    timers.set("heard", HEARD, async () => {
      const havePeopleChanged = this.havePeopleChanged;
      this.havePeopleChanged = false;
      if (havePeopleChanged) await this.session.load();
      await this.loadInTurn();
    });
  }

  private peopleChanged(): void {
    this.renewal.plan();
    this.screens.publish();
  }

  /**
   * An operation waits to be sent: that comes before reading, and after its answer on the screen, which is drawn by
   * itself: all that changes with it is much more.
   */
  private added(): void {
    this.reading.breakOff();
    this.screens.owe();
    this.base.platform.whenAnswered(() => {
      this.screens.payOwed();
      this.channel.tell("work");
      this.sender.kick();
    });
  }

  /** A task is otherwise than it was read. */
  private learned(result: Settlement): void {
    this.kept.settle(result);
    this.kept.fold();
    this.screens.publish();
    this.channel.tell("work");
  }

  private settled(result: Settlement): void {
    this.channel.tell("work");
    this.troubles.set("storage_full", false);
    this.kept.settle(result);
    if (result.conflicts.length && result.owner === this.session.current) this.reading.want();
    this.screens.publish();
  }
}
