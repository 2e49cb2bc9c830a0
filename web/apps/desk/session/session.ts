/** Who is logged in in this browser, in all of its tabs. */
import { ApiError, request } from "kit/api/client";
import { remembered } from "kit/common/remember";

export type Role = "worker" | "supervisor" | "manager" | "admin";

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** What is kept. Moments are milliseconds by this computer's clock. */
interface Login {
  username: string;
  role: Role;
  access_token: string;
  refresh_token: string;
  renew_at: number;
  expires_at: number;
}

export interface Person {
  username: string;
  role: Role;
}

const KEY = "magacin-desk-login";
const LOCK = "magacin-desk-renewal";
/** Of a token's life: then the next is asked for. */
const USED_UP = 0.7;
/** Before it is over, a token may be over by the time that a request is there. */
const NEARLY_OVER = 5_000;

export const loginNeeded = () => new ApiError(401, "login_needed", "Nobody is logged in here (any more).");

export class Session {
  private login: Login | null;
  private readonly listeners = new Set<() => void>();
  private renewal: Promise<string> | null = null;
  private shown: Person | null = null;

  constructor(
    private readonly now: () => number = Date.now,
    /** One tab at a time renews; where the browser has no locks, the gateway bears with two for a moment. */
    private readonly locks: Pick<LockManager, "request"> | undefined = globalThis.navigator?.locks,
  ) {
    this.login = kept();
    this.show();
  }

  /** The same object until it is somebody else. */
  readonly person = (): Person | null => this.shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Another tab has logged in or out, or renewed. */
  readonly reread = (): void => {
    this.login = kept();
    this.show();
  };

  async logIn(username: string, password: string): Promise<void> {
    const tokens = await request<Tokens>("/api/auth/login", {
      method: "POST",
      json: { username, password },
    });
    this.keep(this.loginOf(tokens));
  }

  async logOut(): Promise<void> {
    const ended = this.login;
    this.keep(null);
    if (!ended) return;
    const json = { refresh_token: ended.refresh_token };
    // Where the gateway is away, the tokens end by themselves.
    await request("/api/auth/logout", { method: "POST", json }).catch(() => {});
  }

  /** A token to ask with; not the one that was `refused`. Throws where nobody is logged in any more. */
  async token(refused?: string): Promise<string> {
    const { login } = this;
    if (!login) throw loginNeeded();
    if (login.access_token !== refused && this.now() < login.renew_at) return login.access_token;
    this.renewal ??= this.renewInTurn(refused).finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  private renewInTurn(refused?: string): Promise<string> {
    if (!this.locks) return this.renew(refused);
    return this.locks.request(LOCK, () => this.renew(refused)) as Promise<string>;
  }

  private async renew(refused?: string): Promise<string> {
    // Another tab may have done it meanwhile.
    this.reread();
    const { login } = this;
    if (!login) throw loginNeeded();
    if (login.access_token !== refused && this.now() < login.renew_at) return login.access_token;
    try {
      const json = { refresh_token: login.refresh_token };
      const tokens = await request<Tokens>("/api/auth/refresh", { method: "POST", json });
      this.keep(this.loginOf(tokens));
      return tokens.access_token;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 || error.status === 403) {
        this.keep(null);
        throw loginNeeded();
      }
      const lasts = login.access_token !== refused && login.expires_at - this.now() > NEARLY_OVER;
      if (lasts) return login.access_token;
      throw error;
    }
  }

  private loginOf(tokens: Tokens): Login {
    const { access_token, refresh_token } = tokens;
    const life = tokens.expires_in * 1000;
    const now = this.now();
    return {
      ...claims(access_token),
      access_token,
      refresh_token,
      renew_at: now + life * USED_UP,
      expires_at: now + life,
    };
  }

  private keep(login: Login | null): void {
    this.login = login;
    try {
      if (login) localStorage.setItem(KEY, JSON.stringify(login));
      else localStorage.removeItem(KEY);
    } catch {
      // It holds until the page is closed.
    }
    this.show();
  }

  private show(): void {
    const { username, role } = this.login ?? {};
    const same = this.shown?.username === username && this.shown?.role === role;
    if (!same) this.shown = username && role ? { username, role } : null;
    for (const listener of this.listeners) listener();
  }
}

function kept(): Login | null {
  try {
    return JSON.parse(remembered(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Who a token is of, as it says itself; whether that is true is the gateway's to judge. */
function claims(token: string): Person {
  const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
  const { sub, role } = JSON.parse(atob(part));
  return { username: sub, role };
}
