import { systemClock } from "../core/clock.js";
import { type Config, type ConfigSource, parseConfig, readConfig } from "../core/config.js";
import type { Log } from "../core/log.js";
import type { TlsIdentity } from "../http/tls.js";
import { readTlsIdentity, tlsDateFault } from "../http/tls-identity.js";

/**
 * A configuration that the supervisor has checked, with the files that belong to it as they were then: a process that is
 * started later must not meet others, or half of a renewed pair.
 */
export interface AcceptedConfig extends ConfigSource {
  readonly tls: TlsIdentity | undefined;
}

/** Reads and checks a configuration. Throws CONFIG_MISSING, CONFIG_INVALID or TLS_FILES. */
export function acceptConfig(path: string, log: Log): { accepted: AcceptedConfig; config: Config } {
  const source = readConfig(path);
  const config = parseConfig(source.text, source.file);
  return { accepted: { ...source, tls: readTls(config, log) }, config };
}

function readTls({ responder }: Config, log: Log): TlsIdentity | undefined {
  const { tlsCertificateFile, tlsKeyFile } = responder;
  if (tlsCertificateFile === undefined || tlsKeyFile === undefined) return undefined;
  const identity = readTlsIdentity(tlsCertificateFile, tlsKeyFile);
  const reason = tlsDateFault(identity, systemClock.nowMs());
  if (reason !== undefined) log.error({ reason }, "clients will not accept the HTTPS certificate");
  return identity;
}
