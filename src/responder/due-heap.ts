/** Things by the time they are due, earliest first; O(log n) to add and to take. */
export class DueHeap<T> {
  private readonly entries: { readonly due: number; readonly value: T }[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** The earliest, undefined if there is none. */
  peek(): { readonly due: number; readonly value: T } | undefined {
    return this.entries[0];
  }

  add(due: number, value: T): void {
    const { entries } = this;
    let at = entries.length;
    entries.push({ due, value });
    for (let parent = (at - 1) >> 1; at > 0 && this.due(parent) > due; parent = (at - 1) >> 1) {
      this.swap(at, parent);
      at = parent;
    }
  }

  /** Takes the earliest. */
  take(): T | undefined {
    const { entries } = this;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first?.value;
    entries[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const least = left + 1 < entries.length && this.due(left + 1) < this.due(left) ? left + 1 : left;
      if (left >= entries.length || this.due(least) >= this.due(at)) return first.value;
      this.swap(at, least);
      at = least;
    }
  }

  /** Keeps what `wanted` holds for. */
  retain(wanted: (value: T) => boolean): void {
    const kept = this.entries.filter(({ value }) => wanted(value));
    this.entries.length = 0;
    for (const { due, value } of kept) this.add(due, value);
  }

  private due(at: number): number {
    return (this.entries[at] as { due: number }).due;
  }

  private swap(a: number, b: number): void {
    const { entries } = this;
    const kept = entries[a];
    entries[a] = entries[b] as (typeof entries)[number];
    entries[b] = kept as (typeof entries)[number];
  }
}
