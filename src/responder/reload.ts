import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";

/** What sockets are bound to and stores are opened by for the life of the responder. */
const FIXED: readonly (readonly [key: string, value: (config: Config) => unknown])[] = [
  ["installation", ({ installation }) => installation],
  ["store.dir", ({ store }) => store.dir],
  ["responder.listen", ({ responder }) => address(responder.listen)],
  ["responder.tls_listen", ({ responder }) => responder.tlsListen && address(responder.tlsListen)],
  ["responder.metrics_listen", ({ responder }) => address(responder.metricsListen)],
];

/** Throws CONFIG_INVALID if the next configuration changes what needs a restart. */
export function refuseFixedChanges(now: Config, next: Config): void {
  const changed = FIXED.filter(([, value]) => value(now) !== value(next)).map(([key]) => key);
  if (changed.length > 0)
    throw new SekishoError(
      "CONFIG_INVALID",
      `${next.file}: ${changed.join(", ")} cannot change while the responder runs: restart it`,
    );
}

const address = ({ host, port }: Config["responder"]["listen"]): string => `${host} ${port}`;
