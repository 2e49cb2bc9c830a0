import { ApiError } from "kit/api/client";
import { beforeEach, describe, expect, test } from "vitest";
import { Screen } from "./screen";
import type { Server } from "./server";
import type { Access, Wall } from "./types";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const OLD = '<script src="/wall/assets/index-Aa1.js"></script>';
const NEW = '<script src="/wall/assets/index-Bb2.js"></script>';
/** Noon in Belgrade, in winter. */
const NOON = Date.UTC(2026, 10, 30, 11);

/** A site with one screen: what the server knows, whether it is there, and what time it is. */
class Site {
  passed = 0;
  /** By how much the computer's clock is wrong. */
  offBy = 0;
  isUp = true;
  page = OLD;
  code = 0;
  waiting: string | null = null;
  paired: string | null = null;
  setting: Partial<Access> = {};
  queue = 0;
  asked: string[] = [];
  reloads = 0;
  stored = new Map<string, string>();
  random = () => 1;
  search = "";

  private answer<T>(what: string, of: () => T): Promise<T> {
    this.asked.push(what);
    if (!this.isUp) return Promise.reject(new ApiError(0, "server_unavailable", "away"));
    try {
      return Promise.resolve(of());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  readonly time = () => NOON + this.passed;

  readonly server: Server = {
    makeCode: () =>
      this.answer("code", () => {
        this.code += 1;
        this.waiting = `s${this.code}`;
        return { code: String(10_000_000 + this.code), secret: `s${this.code}`, seconds: 600 };
      }),
    session: (secret) =>
      this.answer("session", () => {
        if (secret === this.paired) return this.access();
        if (secret === this.waiting && this.passed < this.codeEndsAt) return null;
        throw new ApiError(401, "screen_refused", "no");
      }),
    wall: (token, etag) =>
      this.answer("wall", () => {
        if (this.paired === null || this.time() >= Number(token))
          throw new ApiError(401, "token_ended", "over");
        const tag = `"${this.queue}"`;
        return tag === etag ? null : { body: this.wall(), etag: tag };
      }),
    page: () => this.answer("page", () => this.page),
  };
  codeEndsAt = Number.POSITIVE_INFINITY;

  private access(): Access {
    const named = { name: "Hall 2", language: "en" as const, dim_from: null, dim_until: null };
    const expires_in = 900;
    return { ...named, ...this.setting, access_token: String(this.time() + 900 * SECOND), expires_in };
  }

  private wall(): Wall {
    const none = { tasks: 0, pieces: 0 };
    return {
      at: new Date(this.time()).toISOString(),
      time_zone: "Europe/Belgrade",
      queue: { tasks: this.queue, pieces: 0 },
      in_work: none,
      late: 0,
      will_be_late: null,
      today: { pieces: 0, lines: 0, tasks: 0, pieces_per_hour: null },
      at_work: 0,
      names: "none",
      people: [],
      missing_since: null,
    };
  }

  screen(): Screen {
    return new Screen({
      server: this.server,
      now: () => this.passed,
      clock: () => this.time() + this.offBy,
      random: () => this.random(),
      storage: {
        getItem: (key) => this.stored.get(key) ?? null,
        setItem: (key, value) => void this.stored.set(key, value),
      },
      address: { page: "/wall/", search: this.search },
      html: () => OLD,
      reload: () => {
        this.reloads += 1;
      },
    });
  }

  /** Have time go by, a step at a time, as long as a screen has something to do. */
  async pass(screen: Screen, ms: number, step = SECOND): Promise<void> {
    for (const end = this.passed + ms; this.passed < end; ) {
      this.passed += step;
      await screen.step();
    }
  }

  /** Somebody enters the code that waits: it works once. */
  enter(): void {
    this.paired = this.waiting;
    this.waiting = null;
  }

  async broughtIn(): Promise<Screen> {
    const screen = this.screen();
    await this.pass(screen, 5 * SECOND);
    this.enter();
    await this.pass(screen, 10 * SECOND);
    expect(screen.state().wall).not.toBeNull();
    return screen;
  }
}

let site: Site;

beforeEach(() => {
  site = new Site();
});

describe("a new screen", () => {
  test("shows a code until somebody has entered it, and then the board", async () => {
    const screen = site.screen();
    await site.pass(screen, 60 * SECOND);
    expect(screen.state()).toMatchObject({ code: "10000001", access: null, isEnded: false });
    site.enter();
    site.queue = 7;
    await site.pass(screen, 6 * SECOND);
    expect(screen.state()).toMatchObject({ code: null, access: { name: "Hall 2" } });
    expect(screen.state().wall?.queue.tasks).toBe(7);
  });

  test("shows the same code after a reload", async () => {
    await site.pass(site.screen(), 5 * SECOND);
    const again = site.screen();
    expect(again.state().code).toBe("10000001");
    await site.pass(again, 5 * SECOND);
    expect(again.state().code).toBe("10000001");
  });

  test("shows another code when one has run out, and was not ended by that", async () => {
    const screen = site.screen();
    site.codeEndsAt = 10 * MINUTE;
    await site.pass(screen, 10 * MINUTE + 4 * SECOND);
    site.codeEndsAt = 20 * MINUTE;
    await site.pass(screen, 10 * SECOND);
    expect(screen.state()).toMatchObject({ code: "10000002", isEnded: false });
  });

  test("says that nothing answers, and asks again", async () => {
    site.isUp = false;
    const screen = site.screen();
    await site.pass(screen, 3 * HOUR);
    expect(screen.state()).toMatchObject({ code: null, staleSince: NOON });
    // Each minute at most, however long it lasts.
    expect(site.asked.length).toBeLessThan(3 * 60 + 10);
    site.isUp = true;
    await site.pass(screen, MINUTE + SECOND);
    expect(screen.state()).toMatchObject({ code: "10000001", staleSince: null });
  });
});

describe("a screen that was ended", () => {
  test("says so, shows no figures any more, and a new code", async () => {
    const screen = await site.broughtIn();
    site.paired = null;
    await site.pass(screen, 30 * SECOND);
    expect(screen.state()).toMatchObject({ code: "10000002", isEnded: true, access: null, wall: null });
    const again = site.screen();
    expect(again.state()).toMatchObject({ code: "10000002", isEnded: true });
    site.enter();
    await site.pass(again, 10 * SECOND);
    expect(again.state()).toMatchObject({ code: null, isEnded: false, access: { name: "Hall 2" } });
  });

  test("says so still when the code has run out", async () => {
    const screen = await site.broughtIn();
    site.paired = null;
    await site.pass(screen, 30 * SECOND);
    site.codeEndsAt = site.passed;
    await site.pass(screen, 4 * SECOND);
    site.codeEndsAt = Number.POSITIVE_INFINITY;
    await site.pass(screen, 10 * SECOND);
    expect(screen.state()).toMatchObject({ isEnded: true, access: null });
    expect(Number(screen.state().code)).toBeGreaterThan(10_000_002);
  });

  test("is not one whose server is away", async () => {
    const screen = await site.broughtIn();
    site.isUp = false;
    await site.pass(screen, 12 * HOUR, 5 * SECOND);
    expect(screen.state()).toMatchObject({ code: null, isEnded: false, access: { name: "Hall 2" } });
  });
});

describe("what is shown is current", () => {
  test("soon after something happened", async () => {
    const screen = await site.broughtIn();
    await site.pass(screen, MINUTE);
    site.queue = 9;
    screen.told();
    await site.pass(screen, 2 * SECOND);
    expect(screen.state().wall?.queue.tasks).toBe(9);
  });

  test("or it says since when it is not, by the site's clock", async () => {
    const screen = await site.broughtIn();
    await site.pass(screen, HOUR);
    site.offBy = -2 * HOUR;
    site.queue += 1;
    await site.pass(screen, MINUTE);
    site.isUp = false;
    const since = site.time();
    await site.pass(screen, 25 * SECOND);
    expect(screen.state().staleSince).toBeNull();
    await site.pass(screen, 3 * HOUR);
    const { staleSince } = screen.state();
    expect(Math.abs((staleSince ?? 0) - since)).toBeLessThanOrEqual(16 * SECOND);
    site.isUp = true;
    await site.pass(screen, MINUTE + SECOND);
    expect(screen.state().staleSince).toBeNull();
  });

  test("through a night of restarts", async () => {
    const screen = await site.broughtIn();
    for (let restart = 0; restart < 40; restart++) {
      site.isUp = false;
      await site.pass(screen, (restart % 8) * MINUTE + 10 * SECOND);
      site.isUp = true;
      site.queue += 1;
      await site.pass(screen, 2 * MINUTE);
      expect(screen.state()).toMatchObject({ staleSince: null, wall: { queue: { tasks: site.queue } } });
    }
    expect(site.code).toBe(1);
  });

  test("through a month", async () => {
    const screen = await site.broughtIn();
    await site.pass(screen, 30 * 24 * HOUR, 20 * SECOND);
    site.queue = 3;
    await site.pass(screen, 30 * SECOND);
    expect(screen.state()).toMatchObject({ staleSince: null, wall: { queue: { tasks: 3 } } });
  });

  test("whatever the computer's clock is put to", async () => {
    const screen = await site.broughtIn();
    for (const offBy of [-30 * HOUR, 400 * 24 * HOUR, 0]) {
      site.offBy = offBy;
      site.queue += 1;
      await site.pass(screen, MINUTE);
      expect(screen.state()).toMatchObject({ staleSince: null, wall: { queue: { tasks: site.queue } } });
      expect(Math.abs(screen.time() - site.time())).toBeLessThanOrEqual(SECOND);
    }
  });
});

test("twenty screens that come back together do not ask in the same second", async () => {
  const screens = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const one = new Site();
      one.random = () => at / 20;
      const screen = await one.broughtIn();
      one.isUp = false;
      await one.pass(screen, 10 * MINUTE);
      one.isUp = true;
      one.asked = [];
      let seconds = 0;
      while (!one.asked.includes("wall")) {
        await one.pass(screen, SECOND);
        seconds += 1;
      }
      return seconds;
    }),
  );
  const together = Math.max(...screens.map((one) => screens.filter((other) => other === one).length));
  expect(together).toBeLessThan(8);
});

describe("a new version", () => {
  test("is loaded at night, and not in the day", async () => {
    const screen = await site.broughtIn();
    site.page = NEW;
    await site.pass(screen, 13 * HOUR, 5 * SECOND);
    // It is one in the morning.
    expect(site.reloads).toBe(0);
    await site.pass(screen, HOUR + 11 * MINUTE, 5 * SECOND);
    expect(site.reloads).toBeGreaterThan(0);
  });

  test("is not loaded where there is none", async () => {
    const screen = await site.broughtIn();
    await site.pass(screen, 24 * HOUR, 5 * SECOND);
    expect(site.reloads).toBe(0);
  });

  test("is not loaded from a server that is away", async () => {
    const screen = await site.broughtIn();
    site.page = NEW;
    await site.pass(screen, 13 * HOUR, 5 * SECOND);
    site.isUp = false;
    await site.pass(screen, 2 * HOUR + 30 * MINUTE, 5 * SECOND);
    expect(site.reloads).toBe(0);
  });

  test("is loaded by day where the server was away for long, as for an upgrade", async () => {
    const screen = await site.broughtIn();
    site.isUp = false;
    await site.pass(screen, 6 * MINUTE);
    site.page = NEW;
    site.isUp = true;
    await site.pass(screen, 2 * MINUTE);
    expect(site.reloads).toBeGreaterThan(0);
  });

  test("is not loaded by day after a short restart", async () => {
    const screen = await site.broughtIn();
    site.isUp = false;
    await site.pass(screen, 30 * SECOND);
    site.page = NEW;
    site.isUp = true;
    await site.pass(screen, HOUR);
    expect(site.reloads).toBe(0);
  });
});

describe("it is dimmed", () => {
  const dimmed = async (): Promise<number[]> => {
    const screen = await site.broughtIn();
    const hours: number[] = [];
    for (let hour = 13; hour < 36; hour++) {
      await site.pass(screen, HOUR, 10 * SECOND);
      if (screen.state().isDim) hours.push(hour % 24);
    }
    return hours;
  };

  test("from an hour until another, as was said at the desk", async () => {
    site.setting = { dim_from: 21, dim_until: 5 };
    expect(await dimmed()).toEqual([21, 22, 23, 0, 1, 2, 3, 4]);
  });

  test("as the address says, over what was said at the desk", async () => {
    site.setting = { dim_from: 21, dim_until: 5 };
    site.search = "?dim=18-20";
    expect(await dimmed()).toEqual([18, 19]);
  });

  test("never, where nobody said so, or the address says never", async () => {
    expect(await dimmed()).toEqual([]);
    site = new Site();
    site.setting = { dim_from: 21, dim_until: 5 };
    site.search = "?dim=never";
    expect(await dimmed()).toEqual([]);
  });
});
