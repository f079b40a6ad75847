import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, nowSeconds } from "../core/clock.js";
import { isSekishoError } from "../core/errors.js";
import { readCrl, type SignedCrl } from "../crl/read-crl.js";
import { isNotModified } from "../http/conditional.js";
import type { HeaderFields, HttpHandler, HttpReply, HttpRequest } from "../http/handler.js";
import { httpDate } from "../http/http-date.js";
import type { StoredIssuer } from "../store/status-reader.js";
import { parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import { renderPage } from "./page.js";

const EMPTY = Buffer.alloc(0);
/** A page and a CA certificate may be kept this long; a CRL at most until its nextUpdate (standards F19). */
const MAX_AGE = 3600;

/** A document as it is served. Times are unix seconds. */
interface Document {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly lastModified: number;
  /** Undefined where nothing expires. */
  readonly expires: number | undefined;
}

/** A CRL file as it was read; without document and CRL if it is damaged, so that it is not read again and again. */
interface CachedCrl {
  readonly identity: string;
  readonly document?: Document;
  readonly crl?: SignedCrl;
}

/** The public repository: CRLs, CA certificates and the page that links them (standards F18, Q2.2). Read-only. */
export class Repository {
  private readonly crls = new Map<string, CachedCrl>();
  /** Found in this turn of the event loop: looking at the store and the file costs more than the rest of an answer. */
  private readonly thisTurn = new Map<string, Document>();

  /** `issuers` reads the CAs as the store has them now. */
  constructor(
    private readonly crlDir: string,
    private readonly issuers: () => readonly StoredIssuer[],
    private readonly clock: Clock,
  ) {}

  /** Answers a GET or HEAD that is not OCSP. Paths are compared whole: nothing is decoded or resolved (standards P26). */
  readonly handle: HttpHandler = (request, reply) => {
    const document = this.thisTurn.get(request.target) ?? this.findOnce(request.target);
    if (document === undefined)
      reply.send(404, [["content-type", "text/plain; charset=utf-8"]], Buffer.from("no such resource\n"));
    else this.send(document, request, reply);
  };

  private findOnce(target: string): Document | undefined {
    const document = this.find(target);
    if (document === undefined) return undefined;
    if (this.thisTurn.size === 0) setImmediate(() => this.thisTurn.clear());
    this.thisTurn.set(target, document);
    return document;
  }

  private find(target: string): Document | undefined {
    if (target === "/") return this.page();
    const crl = /^\/crl\/([a-z0-9-]{1,32})\.crl$/.exec(target)?.[1];
    if (crl !== undefined) return this.known(crl) === undefined ? undefined : this.crl(crl)?.document;
    const certificate = /^\/certs\/([a-z0-9-]{1,32})\.cer$/.exec(target)?.[1];
    const issuer = certificate === undefined ? undefined : this.known(certificate);
    return issuer === undefined ? undefined : certificateDocument(issuer);
  }

  private send(document: Document, request: HttpRequest, reply: HttpReply): void {
    const now = nowSeconds(this.clock);
    const { body, type, etag, lastModified, expires } = document;
    const maxAge = Math.max(0, Math.min(MAX_AGE, (expires ?? Number.POSITIVE_INFINITY) - now - 1));
    const fields: HeaderFields = [
      ["content-type", type],
      ["last-modified", httpDate(lastModified)],
      ["etag", etag],
      ["expires", httpDate(now + maxAge)],
      ["cache-control", `max-age=${maxAge}, public, no-transform, must-revalidate`],
      ["x-content-type-options", "nosniff"],
    ];
    const unchanged = isNotModified(request, etag, lastModified, now);
    reply.send(unchanged ? 304 : 200, fields, unchanged ? EMPTY : body);
  }

  private known(id: string): StoredIssuer | undefined {
    return this.issuers().find((issuer) => issuer.id === id);
  }

  private page(): Document {
    const html = renderPage(
      this.issuers().map(({ id, certificate }) => {
        const crl = this.crl(id)?.crl;
        return {
          id,
          subject: nameText(parseCertificate(certificate).subjectName),
          fingerprint: createHash("sha256").update(certificate).digest("hex"),
          crl: crl && {
            number: String(crl.extensions.cRLNumber),
            entries: crl.entries.count,
            thisUpdate: new Date(crl.header.thisUpdate * 1000).toISOString(),
            nextUpdate: new Date((crl.header.nextUpdate ?? 0) * 1000).toISOString(),
          },
        };
      }),
    );
    return makeDocument(Buffer.from(html), "text/html; charset=utf-8", nowSeconds(this.clock), undefined);
  }

  /** The published CRL. Read again when the file was replaced; a reader sees the whole old or the whole new one (F20). */
  private crl(id: string): CachedCrl | undefined {
    const file = join(this.crlDir, `${id}.crl`);
    let fd: number;
    try {
      fd = openSync(file, "r");
    } catch {
      return undefined;
    }
    try {
      const { ino, size, mtimeMs } = fstatSync(fd);
      const identity = `${ino} ${size} ${mtimeMs}`;
      const cached = this.crls.get(id);
      if (cached?.identity === identity) return cached;
      const fresh = { identity, ...crlDocument(readFileSync(fd)) };
      this.crls.set(id, fresh);
      return fresh;
    } finally {
      closeSync(fd);
    }
  }
}

/** Empty for bytes that are not a CRL: better no answer than a broken one, and the other documents go on. */
function crlDocument(body: Buffer): { document?: Document; crl?: SignedCrl } {
  try {
    const crl = readCrl([body]);
    const { thisUpdate, nextUpdate } = crl.header;
    return { crl, document: makeDocument(body, "application/pkix-crl", thisUpdate, nextUpdate) };
  } catch (error) {
    if (!isSekishoError(error, "CRL_INVALID")) throw error;
    return {};
  }
}

function certificateDocument({ certificate }: StoredIssuer): Document {
  const { notBefore } = parseCertificate(certificate);
  return makeDocument(Buffer.from(certificate), "application/pkix-cert", notBefore, undefined);
}

function makeDocument(
  body: Buffer,
  type: string,
  lastModified: number,
  expires: number | undefined,
): Document {
  const etag = `"${createHash("sha256").update(body).digest("hex")}"`;
  return { body, type, etag, lastModified, expires };
}
