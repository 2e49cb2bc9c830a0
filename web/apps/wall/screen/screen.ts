/** A screen, from its first code to its last night: what it shows, and when it asks for what. */
import { ApiError } from "kit/api/client";
import { dimIn, type Hours, isWithin, languageIn } from "./address";
import type { Server } from "./server";
import { hourOf } from "./site-time";
import { Turn } from "./turn";
import type { Access, Wall } from "./types";
import { filesIn, versionIn } from "./version";

const STEP_MS = 1_000;
const CODE_ASKED_MS = 3_000;
/** Half of an access token's life of some minutes at the least, and how well the desk knows that it is there. */
const SESSION_MS = 120_000;
const WALL_MS = 15_000;
/** After something happened: who looks up sees it, and what happens together is read once. */
const TOLD_MS = 1_500;
const VERSION_MS = 600_000;
/** No answer for so long, and what is shown is not so any more. */
const STALE_MS = 45_000;
/** Whoever was away for so long may be back as another version. */
const LONG_MS = 300_000;
const NIGHT: Hours = { from: 2, until: 4 };

const KEPT = "magacin-wall";

/** What a screen keeps: its secret, the code until somebody has entered it, and whether it was ended before. */
interface Kept {
  secret: string | null;
  code: string | null;
  isEnded: boolean;
}

export interface Shown {
  /** What to enter at the desk; null for a screen that was brought in. */
  code: string | null;
  isEnded: boolean;
  access: Access | null;
  wall: Wall | null;
  /** When the last good answer came, by the site's clock, in milliseconds since 1970; null where it is new. */
  staleSince: number | null;
  isDim: boolean;
}

/** What of the browser a screen needs. */
export interface Around {
  server: Server;
  /** Milliseconds by a clock that only goes forward, and by that of the computer. */
  now: () => number;
  clock: () => number;
  random: () => number;
  storage: Pick<Storage, "getItem" | "setItem">;
  address: { page: string; search: string };
  html: () => string;
  reload: () => void;
}

export class Screen {
  private kept: Kept;
  private shown: Shown;
  private etag: string | null = null;
  private goodAt: number;
  private wasAway = false;
  /** By how much the computer's clock is behind the server's. */
  private behindMs = 0;
  private readonly files: string;
  private readonly listeners = new Set<() => void>();
  private readonly coded: Turn;
  private readonly waiting: Turn;
  private readonly session: Turn;
  private readonly board: Turn;
  private readonly version: Turn;

  constructor(private readonly around: Around) {
    this.kept = this.read();
    this.goodAt = around.now();
    this.files = filesIn(around.html());
    this.shown = {
      code: this.kept.code,
      isEnded: this.kept.isEnded,
      access: null,
      wall: null,
      staleSince: null,
      isDim: false,
    };
    const turn = (ms: number, act: () => Promise<void>) => new Turn(ms, act, around.now, around.random);
    this.coded = turn(CODE_ASKED_MS, () => this.makeCode());
    this.waiting = turn(CODE_ASKED_MS, () => this.renew());
    this.session = turn(SESSION_MS, () => this.renew());
    this.board = turn(WALL_MS, () => this.readBoard());
    this.version = turn(VERSION_MS, () => this.lookForVersion());
    // The page has just come from there.
    this.version.later();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same object until something else is shown. */
  readonly state = (): Shown => this.shown;

  /** Milliseconds since 1970, by the server's clock. */
  readonly time = (): number => this.around.clock() + this.behindMs;

  /** A token to show, for as long as there is one. */
  token(): Promise<string> {
    const { access } = this.shown;
    return access ? Promise.resolve(access.access_token) : Promise.reject(new Error("not brought in"));
  }

  /** Something happened, or something that did may not have been told. */
  readonly told = (): void => this.board.soon(TOLD_MS);

  start(): () => void {
    const timer = setInterval(() => void this.step(), STEP_MS);
    void this.step();
    return () => clearInterval(timer);
  }

  /** Do what is due. */
  async step(): Promise<void> {
    const { access, code } = this.shown;
    if (!this.kept.secret) await this.coded.step();
    else if (access) await Promise.all([this.session.step(), this.board.step()]);
    else await (code === null ? this.session : this.waiting).step();
    await this.version.step();
    this.look();
  }

  private async makeCode(): Promise<void> {
    const { code, secret } = await this.around.server.makeCode();
    this.good();
    this.keep({ ...this.kept, secret, code });
  }

  private async renew(): Promise<void> {
    const { secret } = this.kept;
    if (!secret) return;
    try {
      const access = await this.around.server.session(secret, versionIn(this.files));
      this.good();
      if (access) this.begin(access);
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.end();
    }
  }

  private begin(access: Access): void {
    if (this.kept.code !== null) this.keep({ ...this.kept, code: null, isEnded: false });
    this.show({ access });
    this.board.soon(TOLD_MS);
  }

  /** The code has run out, or somebody has ended the screen: it says so, and begins with a new code. */
  private end(): void {
    const wasBroughtIn = this.kept.code === null;
    this.etag = null;
    this.keep({ secret: null, code: null, isEnded: wasBroughtIn || this.kept.isEnded });
    this.show({ access: null, wall: null });
    this.coded.soon(0);
  }

  private async readBoard(): Promise<void> {
    const { access } = this.shown;
    if (!access) return;
    try {
      const answer = await this.around.server.wall(access.access_token, this.etag);
      this.good();
      if (!answer) return;
      this.etag = answer.etag;
      this.behindMs = Date.parse(answer.body.at) - this.around.clock();
      this.show({ wall: answer.body });
    } catch (error) {
      // The token is over, or the screen is: the session knows.
      if (error instanceof ApiError && error.status === 401) this.session.soon(0);
      throw error;
    }
  }

  /** Something was answered. After a long time without, perhaps by another version. */
  private good(): void {
    if (this.around.now() - this.goodAt > LONG_MS) {
      this.wasAway = true;
      this.version.soon(0);
    }
    this.goodAt = this.around.now();
  }

  /** Reload where there is another version: at night, or after a long time without an answer. */
  private async lookForVersion(): Promise<void> {
    const zone = this.shown.wall?.time_zone;
    if (!this.wasAway && !isWithin(NIGHT, hourOf(this.time(), zone))) return;
    // Nobody is there to try again, so it is reloaded only when the page was just there to be had.
    const files = filesIn(await this.around.server.page(this.around.address.page));
    this.wasAway = false;
    if (files !== this.files && files !== "") this.around.reload();
  }

  /** See what changes by the time alone. */
  private look(): void {
    const silence = this.around.now() - this.goodAt;
    const staleSince = silence > STALE_MS ? this.time() - silence : null;
    const isDim = this.isDim();
    const before = this.shown;
    // The moment itself stays: worked out from two clocks, it differs by a little each time.
    const isAsBefore = (staleSince === null) === (before.staleSince === null);
    if (!isAsBefore || isDim !== before.isDim) this.show({ staleSince, isDim });
  }

  private isDim(): boolean {
    const { access, wall } = this.shown;
    const said = dimIn(this.around.address.search);
    const { dim_from: from = null, dim_until: until = null } = access ?? {};
    const hours = said !== undefined ? said : from !== null && until !== null ? { from, until } : null;
    return hours !== null && isWithin(hours, hourOf(this.time(), wall?.time_zone));
  }

  private show(change: Partial<Shown>): void {
    this.shown = { ...this.shown, ...change };
    for (const listener of this.listeners) listener();
  }

  private read(): Kept {
    const none = { secret: null, code: null, isEnded: false };
    try {
      return { ...none, ...JSON.parse(this.around.storage.getItem(KEPT) ?? "{}") };
    } catch {
      return none;
    }
  }

  private keep(kept: Kept): void {
    this.kept = kept;
    this.show({ code: kept.code, isEnded: kept.isEnded });
    try {
      this.around.storage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      // Where nothing can be kept, it asks for a new code after each reload.
    }
  }
}

const isRefused = (error: unknown) => error instanceof ApiError && error.code === "screen_refused";

/** The language of a screen: the address's, else what was said at the desk, else null. */
export const languageOf = (search: string, access: Access | null) =>
  languageIn(search) ?? access?.language ?? null;
