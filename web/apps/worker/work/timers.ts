/** What is to be done later, by its name: each is planned once at most. */
export class Timers {
  private readonly planned = new Map<string, ReturnType<typeof setTimeout>>();
  private closed = false;

  /** Do something after so many milliseconds, in place of what was planned under this name. */
  set(name: string, wait: number, what: () => void | Promise<void>): void {
    clearTimeout(this.planned.get(name));
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.planned.delete(name);
      void what();
    }, wait);
    this.planned.set(name, timer);
  }

  has(name: string): boolean {
    return this.planned.has(name);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.planned.values()) clearTimeout(timer);
  }
}
