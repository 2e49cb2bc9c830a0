/** What the screens are shown, and who is told when that changes. */
import type { Session } from "../session/session";
import { keptWhereAlike } from "./alike";
import type { Connection } from "./connection";
import type { Kept } from "./kept";
import type { Troubles } from "./troubles";
import type { WorkState } from "./work";

/** Lists, and what is in their items. */
const LEVELS = 2;

export class Screens {
  /** Whether a newer version of the application is here. */
  updateWaits = false;
  private readonly listeners = new Set<() => void>();
  private shown: WorkState;
  /** Something changed, and `shown` is what it was before. */
  private isBehind = false;
  /** Something changed, and nobody was told. */
  private isOwed = false;

  constructor(
    private readonly session: Session,
    private readonly connection: Connection,
    private readonly kept: Kept,
    private readonly troubles: Troubles,
  ) {
    this.shown = this.look();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The same object until something changes, and then each part of it that did not. */
  state(): WorkState {
    if (this.isBehind) this.lookAgain();
    return this.shown;
  }

  publish(): void {
    this.lookAgain();
    this.isOwed = false;
    for (const listener of this.listeners) listener();
  }

  /** Something changed: whoever looks sees it, and all are told by `payOwed`, which has to be called soon. */
  owe(): void {
    this.isBehind = true;
    this.isOwed = true;
  }

  /** Tell what was not told yet. */
  payOwed(): void {
    if (this.isOwed) this.publish();
  }

  private lookAgain(): void {
    this.shown = keptWhereAlike(this.shown, this.look(), LEVELS);
    this.isBehind = false;
  }

  private look(): WorkState {
    const { people, person, enrolment } = this.session;
    const { device } = enrolment;
    return {
      person: person && { username: person.username, role: person.role },
      people: people.map(({ username, role }) => ({ username, role })),
      enrolled: device !== null,
      device_id: device?.device_id ?? null,
      online: this.connection.online,
      ...this.kept.look(),
      troubles: this.troubles.of(this.session),
      update_waits: this.updateWaits,
    };
  }
}
