/**
 * Resolves with the first SIGINT or SIGTERM. The same signal once more ends the process at once. (Ctrl-C reaches a
 * whole process group, so a parent's SIGTERM may follow a terminal's SIGINT: that is one wish, not two.)
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const seen = new Set<NodeJS.Signals>();
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen.has(signal)) process.exit(1);
      seen.add(signal);
      resolve(signal);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
