import { systemClock } from "../../src/core/clock.js";
import type { Config } from "../../src/core/config.js";
import { Authorities } from "../../src/issuer/authority.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { openKeyStore } from "../../src/signer/open.js";
import { CaStore } from "../../src/store/ca-store.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { silent } from "./installation.js";

/** Is given a configuration, then publishes one CRL after the other and reports each number, until it is killed. */
process.once("message", async (config: Config) => {
  const store = { ...config.store, installation: config.installation };
  const status = new StatusWriter(store, systemClock);
  const authorities = new Authorities(config, status.reader, (token) => openKeyStore(config, token));
  const publisher = new CrlPublisher(config, status, new CaStore(store), silent);
  for (;;) {
    for (const { number } of await publisher.publish(authorities.get("root"))) process.send?.(String(number));
  }
});
