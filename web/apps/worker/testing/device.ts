/** A device for tests: what it keeps outlasts the pages on it, which can be killed at any moment. */
import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { openIndexed } from "../store/indexed";
import { Memory } from "../store/memory";
import type { Store } from "../store/store";
import { Application } from "../work/application";
import { PageLocks, type Platform } from "../work/platform";
import { USUAL_TEMPO } from "../work/tempo";

/** Everything soon. What beats by itself does not: tests say when. */
export const FAST = {
  ...USUAL_TEMPO,
  first: 1,
  longest: 8,
  single: 2_000,
  batch: 5_000,
  beat: 1_000_000,
  fresh: 0,
  calm: 1,
  direct: 500,
};

/** A page on which Ana is at work, with her tasks on the device. */
export async function anaAtWork(device: Device): Promise<Page> {
  const page = await device.open();
  await page.work.login("ana", "correct horse battery");
  await page.until((state) => state.tasks.length > 0);
  return page;
}

export class Device {
  private readonly factory = new IDBFactory();
  private locks = new PageLocks();
  private readonly pages = new Set<Page>();
  /** What the clock of this device is wrong by, in milliseconds. */
  wrongBy = 0;
  /** Whether there is no network at all. */
  cut = false;
  keepsNothing = false;
  /** Whether the browser promises to keep what is there. */
  promises = false;
  /** How often it was asked to. */
  asked = 0;
  tempo = FAST;
  /** Wraps the store of each page that is opened. */
  store: (store: Store) => Store = (store) => store;

  constructor(
    readonly gateway: { readonly address: string },
    private readonly random: () => number = Math.random,
  ) {}

  /** Have databases that are opened be this device's. */
  use(): void {
    globalThis.indexedDB = this.factory;
  }

  /** Open the application in a tab. */
  async open(): Promise<Page> {
    this.use();
    const store = this.keepsNothing ? new Memory() : await openIndexed();
    const page = new Page(store);
    const platform: Platform = {
      fetch: (address, init) => page.alive(this.ask(address, init)),
      locks: this.locks,
      channel: (hear) => {
        page.hear = hear;
        const tell = (message: string) => {
          for (const other of this.pages) if (other !== page) other.hear(message);
        };
        return { tell, close: () => {} };
      },
      clock: () => Date.now() + this.wrongBy,
      random: this.random,
      whenAnswered: (what) => void setTimeout(what),
      persist: async () => {
        this.asked++;
        return this.promises;
      },
    };
    this.pages.add(page);
    page.work = await Application.open(this.store(store), platform, { tempo: this.tempo, version: "test" });
    return page;
  }

  /** End all pages in the midst of whatever they do. */
  kill(): void {
    for (const page of this.pages) page.kill();
    this.pages.clear();
    // What held a lock is gone, and lets go of it.
    this.locks = new PageLocks();
  }

  private ask(address: string, init: RequestInit): Promise<Response> {
    if (this.cut) return Promise.reject(new TypeError("fetch failed"));
    return fetch(this.gateway.address + address, init);
  }
}

export class Page {
  work!: Application;
  hear: (message: string) => void = () => {};
  private isAlive = true;

  constructor(private readonly store: Store) {}

  kill(): void {
    this.isAlive = false;
    this.work.close();
    this.store.close();
  }

  /** What a page that is gone asked for, nobody hears the answer of. */
  alive<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      asked.then(
        (value) => this.isAlive && resolve(value),
        (error) => this.isAlive && reject(error),
      );
    });
  }

  /** Wait until what the screens see is so. */
  until(isSo: (state: ReturnType<Application["state"]>) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo(this.work.state())) return;
        stop();
        resolve();
      };
      const stop = this.work.subscribe(look);
      look();
    });
  }

  /** Wait until nothing of anybody waits. */
  sent(): Promise<void> {
    return this.until((state) => state.waiting.length === 0);
  }
}
