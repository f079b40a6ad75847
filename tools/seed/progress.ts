/** How far a long run is: done, rate and time left on one line of a terminal; a line now and then elsewhere. */
export class Progress {
  private readonly started = performance.now();
  private shown = 0;

  constructor(private readonly all: number) {}

  /** Seconds since it began. */
  get seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  show(done: number): void {
    const { isTTY } = process.stderr;
    const elapsed = this.seconds;
    if (elapsed - this.shown < (isTTY ? TERMINAL_SECONDS : LOG_SECONDS)) return;
    this.shown = elapsed;
    const rate = done / elapsed;
    const left = Math.ceil((this.all - done) / rate);
    const text = `${done} of ${this.all}, ${Math.round(rate)}/s, ${left} s left`;
    process.stderr.write(isTTY ? `\r${text}\x1b[K` : `${text}\n`);
  }

  /** Wipes the line. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

const TERMINAL_SECONDS = 0.2;
const LOG_SECONDS = 10;
