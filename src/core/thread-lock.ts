const FREE = 0;
const TAKEN = 1;

/** A lock that threads share. Whoever waits for it blocks its thread, so a main thread must not. */
export class ThreadLock {
  private readonly word: Int32Array;

  /** @param shared four octets, the same for every thread; zero at first */
  constructor(shared: SharedArrayBuffer) {
    this.word = new Int32Array(shared);
  }

  run<Result>(action: () => Result): Result {
    while (Atomics.compareExchange(this.word, 0, FREE, TAKEN) !== FREE) Atomics.wait(this.word, 0, TAKEN);
    try {
      return action();
    } finally {
      Atomics.store(this.word, 0, FREE);
      Atomics.notify(this.word, 0, 1);
    }
  }
}
