import type { CrlKind } from "./crl-files.js";

/** What the page says about one CRL. Times are unix seconds. */
export interface PageCrl {
  /** Path below `/crl/`. */
  readonly name: string;
  readonly kind: CrlKind;
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Octets. */
  readonly length: number;
}

/** What the page says about one issuer. */
export interface PageIssuer {
  readonly id: string;
  readonly subject: string;
  /** SHA-256 of the certificate, lower-case hexadecimal (standards Q6.1.4). */
  readonly fingerprint: string;
  /** Those that are published. */
  readonly crls: readonly PageCrl[];
}

/** The repository's page: every CRL and CA certificate, plain HTML without scripts. */
export function renderPage(issuers: readonly PageIssuer[]): string {
  const rows = issuers.map(issuerSection).join("\n");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Certificate repository</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>Certificate repository</h1>
<p>CA certificates and certificate revocation lists. Certificate status by OCSP: POST to <code>/ocsp</code>, or GET <code>/ocsp/{base64}</code>.</p>
${rows}
</body>
</html>
`;
}

function issuerSection({ id, subject, fingerprint, crls }: PageIssuer): string {
  const complete = crls.some(({ kind }) => kind === "complete")
    ? []
    : ["<dt>Complete CRL</dt><dd>none published yet</dd>"];
  return `<section><h2>${escapeHtml(subject)}</h2><dl>
<dt>CA certificate</dt><dd><a href="/certs/${id}.cer">/certs/${id}.cer</a></dd>
<dt>SHA-256 fingerprint</dt><dd><code>${fingerprint}</code></dd>
${[...complete, ...crls.map(crlLine)].join("\n")}
<dt>CRL URLs as JSON</dt><dd>${["full", "partitioned"].map((of) => link(`/crl/${id}/${of}.json`)).join(", ")}</dd>
</dl></section>`;
}

const TITLES: Record<CrlKind, string> = {
  complete: "Complete CRL",
  delta: "Delta CRL",
  partition: "Partitioned CRL",
};

function crlLine({ name, kind, number, thisUpdate, nextUpdate, length }: PageCrl): string {
  const dates = `issued ${isoTime(thisUpdate)}, next by ${isoTime(nextUpdate)}`;
  return `<dt>${TITLES[kind]}</dt><dd>${link(`/crl/${name}`)}, number ${number}, ${length} bytes, ${dates}</dd>`;
}

const link = (path: string): string => `<a href="${path}">${path}</a>`;

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
