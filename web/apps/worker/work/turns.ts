/** One after the other: each sees what those before it left. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(what: () => Promise<T>): Promise<T> {
    const mine = this.last.then(what);
    this.last = mine.catch(() => {});
    return mine;
  }
}
