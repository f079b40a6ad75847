/** What `result` resolves with; undefined if it has not within the time. */
export function within<T>(result: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    // One turn more: where this thread itself was held up, what came in time has not been read yet.
    const timer = setTimeout(() => setImmediate(resolve, undefined), ms);
    result.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
