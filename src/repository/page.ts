/** What the page says about one issuer. */
export interface PageIssuer {
  readonly id: string;
  readonly subject: string;
  /** SHA-256 of the certificate, lower-case hexadecimal (standards Q6.1.4). */
  readonly fingerprint: string;
  /** Absent until a CRL is published. */
  readonly crl:
    | {
        readonly number: string;
        readonly thisUpdate: string;
        readonly nextUpdate: string;
        readonly entries: number;
      }
    | undefined;
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

function issuerSection({ id, subject, fingerprint, crl }: PageIssuer): string {
  const list =
    crl === undefined
      ? "none published yet"
      : `<a href="/crl/${id}.crl">/crl/${id}.crl</a>, number ${crl.number}, ${crl.entries} entries, issued ${crl.thisUpdate}, next by ${crl.nextUpdate}`;
  return `<section><h2>${escapeHtml(subject)}</h2><dl>
<dt>CA certificate</dt><dd><a href="/certs/${id}.cer">/certs/${id}.cer</a></dd>
<dt>SHA-256 fingerprint</dt><dd><code>${fingerprint}</code></dd>
<dt>Complete CRL</dt><dd>${list}</dd>
</dl></section>`;
}

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
