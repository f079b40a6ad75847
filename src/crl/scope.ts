/**
 * Which certificates of an issuer a CRL covers: all of them, its CA certificates, or one shard of the others. A
 * certificate is pinned to its scope when it is issued, and every certificate is in ALL as well, so that the CRL of ALL
 * is the union of the others (standards H11, H12).
 */
export const ALL = 0;

/** CA certificates of an issuer whose CRLs are partitioned; its shards are 1 and up (`crl.shards`). */
export const CA_CERTIFICATES = 0xffff;

/** Scopes of a certificate by the one that it is pinned to. */
export const scopesOf = (pinned: number): readonly number[] => (pinned === ALL ? [ALL] : [ALL, pinned]);

/** Path of a scope's CRL below the CRL directory, and of its URL below /crl. */
export function crlName(issuer: string, scope: number): string {
  if (scope === ALL) return `${issuer}.crl`;
  return `${issuer}/${scope === CA_CERTIFICATES ? "ca" : scope}.crl`;
}

/** The scope whose CRL a URL with a path by `crlName` leads to. */
export function namedScope(url: string): number {
  const name = /\/crl\/[a-z0-9-]+\/(ca|[1-9]\d{0,3})\.crl$/.exec(url)?.[1];
  if (name === undefined) return ALL;
  return name === "ca" ? CA_CERTIFICATES : Number(name);
}

/** The same of the delta CRL, which only ALL has: shards are small. */
export const deltaName = (issuer: string): string => `${issuer}-delta.crl`;

/** How a message names a scope beside the issuer; empty for ALL. */
export function scopeText(scope: number): string {
  if (scope === ALL) return "";
  return scope === CA_CERTIFICATES ? " for CA certificates" : ` shard ${scope}`;
}
