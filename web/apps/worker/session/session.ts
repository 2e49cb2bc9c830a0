/** Who works on this device: their logins, kept for the shift, and whose turn it is. */
import type { Device, PersonRecord } from "../store/records";
import type { Store } from "../store/store";
import { type Gateway, has, isNothing, NotReached, Refused } from "../sync/gateway";
import type { Platform } from "../work/platform";
import { WorkError } from "../work/work";
import { Enrolment, isDeviceRefused, named } from "./enrolment";
import { goodToken, isTokens, lastingToken, personOf, type Tokens } from "./tokens";

export class Session {
  /** The one who logged in or took over last comes first. */
  people: PersonRecord[] = [];
  current: string | null = null;
  /** Whose account was ended, as the gateway said when they tried to log in. */
  readonly ended = new Set<string>();
  readonly enrolment: Enrolment;

  constructor(
    private readonly store: Store,
    private readonly gateway: Gateway,
    private readonly platform: Platform,
    /** Something of the above became otherwise. */
    private readonly changed: () => void,
  ) {
    this.enrolment = new Enrolment(store, changed);
  }

  async load(): Promise<void> {
    const people = await this.store.people();
    this.people = people.sort((a, b) => b.used_at - a.used_at);
    this.current = (await this.store.setting("current")) ?? null;
    await this.enrolment.load();
  }

  get person(): PersonRecord | null {
    return this.personNamed(this.current) ?? null;
  }

  private personNamed(username: string | null): PersonRecord | undefined {
    return this.people.find((one) => one.username === username);
  }

  /** Whose turn it is. Throws where it is nobody's. */
  currentOrThrow(): string {
    if (!this.current) throw nobodyLoggedIn();
    return this.current;
  }

  isLoggedIn(username: string): boolean {
    return this.people.some((one) => one.username === username && one.refresh_token !== null);
  }

  /** Names the device, where it is one: a PIN of this person's that was locked on it works again. */
  async login(username: string, password: string): Promise<void> {
    const { device } = this.enrolment;
    const enter = (more: object) => this.enter("/api/auth/login", { username, password, ...more }, username);
    try {
      await this.enrolment.as(device, () => enter(device ? named(device) : {}));
    } catch (error) {
      if (!isDeviceRefused(error)) throw error;
      // It is the password that counts.
      await enter({});
    }
  }

  loginWithPin(username: string, pin: string): Promise<void> {
    return this.enterHere("/api/auth/pin", { username, pin }, username);
  }

  loginWithBadge(code: string): Promise<void> {
    return this.enterHere("/api/auth/badge", { code }, null);
  }

  async change(username: string): Promise<void> {
    // Another tab may have newer tokens of theirs.
    await this.load();
    const person = this.personNamed(username);
    if (!person || !(await this.replace(person, { ...person, used_at: this.platform.clock() })))
      throw new WorkError("login_needed", `${username} is not logged in on this device.`);
    await this.become(username);
  }

  async logout(): Promise<void> {
    const person = this.person;
    if (!person) return;
    if (person.refresh_token) await this.endLater(person.refresh_token);
    await this.store.removePerson(person.username);
    this.people = this.people.filter((one) => one.username !== person.username);
    await this.become(null);
    await this.endLogins().catch(() => {});
  }

  private async endLater(refreshToken: string): Promise<void> {
    const ended = (await this.store.setting("ended")) ?? [];
    await this.store.putSetting("ended", [...ended, refreshToken]);
  }

  /** Tell the gateway of the logins that were ended here while it was out of reach. */
  async endLogins(): Promise<void> {
    for (const token of (await this.store.setting("ended")) ?? []) {
      try {
        await this.gateway.ask("/api/auth/logout", isNothing, {
          method: "POST",
          json: { refresh_token: token },
        });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
      const left = (await this.store.setting("ended")) ?? [];
      await this.store.putSetting(
        "ended",
        left.filter((one) => one !== token),
      );
    }
  }

  async enrol(name: string): Promise<void> {
    const isEnrolled = (body: unknown): body is Device =>
      has(body, { device_id: "string", secret: "string" });
    const { body } = await this.withToken(this.current, (token) =>
      this.gateway.ask("/api/devices", isEnrolled, { method: "POST", token, json: { name } }),
    );
    await this.enrolment.become({ device_id: body.device_id, secret: body.secret });
  }

  /** Ask something with somebody's token, and once more with a new one where that is over. */
  async withToken<T>(username: string | null, ask: (token: string) => Promise<T>): Promise<T> {
    const token = await this.token(username);
    try {
      return await ask(token);
    } catch (error) {
      // A wrong proof is a 401 as well: whoever gives it a second time comes nearer to being locked out.
      if (!(error instanceof Refused) || error.status !== 401 || error.code === "bad_credentials")
        throw error;
      return ask(await this.token(username, token));
    }
  }

  /** When the current person's tokens are to be replaced, by the device's clock; null where there is no need. */
  get refreshAt(): number | null {
    const person = this.person;
    return person?.refresh_token ? person.refresh_at : null;
  }

  /**
   * A good token of somebody's. It is replaced ahead of time, or when it was `refused`; by one tab at a time.
   * Throws `login_needed` where the login is over.
   */
  async token(username: string | null, refused?: string): Promise<string> {
    const good = this.goodToken(username, refused);
    if (good) return good;
    return this.platform.locks.request(`magacin-login-${username}`, async () => {
      // Another tab may have done it meanwhile.
      await this.load();
      return this.goodToken(username, refused) ?? this.refresh(username, refused);
    });
  }

  private goodToken(username: string | null, refused?: string): string | null {
    return goodToken(this.personNamed(username), this.platform.clock(), refused);
  }

  private async refresh(username: string | null, refused?: string): Promise<string> {
    const person = this.personNamed(username);
    if (!person?.refresh_token) throw loginNeeded(username);
    try {
      const { body } = await this.gateway.ask("/api/auth/refresh", isTokens, {
        method: "POST",
        json: { refresh_token: person.refresh_token },
      });
      const renewed = personOf(body, this.platform.clock(), person.used_at, this.platform.random());
      this.ended.delete(renewed.username);
      if (await this.replace(person, renewed)) return body.access_token;
      await this.endLater(body.refresh_token);
      throw loginNeeded(username);
    } catch (error) {
      const lasting = lastingToken(person, this.platform.clock(), refused);
      if (error instanceof NotReached && lasting) return lasting;
      if (!(error instanceof Refused)) throw error;
      await this.replace(person, { ...person, access_token: null, refresh_token: null });
      throw loginNeeded(username);
    }
  }

  private async enterHere(address: string, json: object, username: string | null): Promise<void> {
    const device = this.enrolment.deviceOrThrow();
    await this.enrolment.as(device, () => this.enter(address, { ...named(device), ...json }, username));
  }

  private async enter(address: string, json: object, username: string | null): Promise<void> {
    try {
      const { body } = await this.gateway.ask(address, isTokens, { method: "POST", json });
      const person = await this.logIn(body);
      await this.become(person.username);
    } catch (error) {
      if (error instanceof Refused && error.code === "user_inactive" && username) {
        this.ended.add(username.trim().toLowerCase());
        this.changed();
      }
      throw error;
    }
  }

  private async logIn(tokens: Tokens): Promise<PersonRecord> {
    const now = this.platform.clock();
    const person = personOf(tokens, now, now, this.platform.random());
    this.ended.delete(person.username);
    await this.store.putPerson(person);
    this.isNow(person);
    return person;
  }

  /** Keep what somebody has become; false where they logged out, or in anew, meanwhile. */
  private async replace(before: PersonRecord, person: PersonRecord): Promise<boolean> {
    const isKept = await this.store.replacePerson(before, person);
    if (isKept) this.isNow(person);
    return isKept;
  }

  private isNow(person: PersonRecord): void {
    const others = this.people.filter((one) => one.username !== person.username);
    this.people = [person, ...others].sort((a, b) => b.used_at - a.used_at);
    this.changed();
  }

  private async become(username: string | null): Promise<void> {
    await this.store.putSetting("current", username);
    this.current = username;
    this.changed();
  }
}

export const nobodyLoggedIn = () => new WorkError("login_needed", "Nobody is logged in. Log in again.");

function loginNeeded(username: string | null): WorkError {
  return new WorkError("login_needed", `${username ?? "Nobody"} is logged in no longer. Log in again.`);
}
