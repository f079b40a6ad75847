import { createHash } from "node:crypto";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { publishedNames } from "../crl/published-names.js";
import { ALL, crlName, deltaName } from "../crl/scope.js";
import type { FileRange, HeaderFields, HttpHandler, HttpReply, HttpRequest } from "../http/handler.js";
import type { StoredIssuer } from "../store/status-reader.js";
import { parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import { CrlFiles, type CrlKind } from "./crl-files.js";
import { type Document, select, smallDocument } from "./document.js";
import { Downloads } from "./downloads.js";
import { type PageCrl, renderPage } from "./page.js";

const EMPTY = new Uint8Array();
const TEXT_FIELDS: HeaderFields = [["content-type", "text/plain; charset=utf-8"]];
/** Tells a client that finds all downloads taken when to come again. */
const BUSY_FIELDS: HeaderFields = [...TEXT_FIELDS, ["cache-control", "no-store"], ["retry-after", "30"]];

/** `/crl/ID.crl`, `/crl/ID-delta.crl`, `/crl/ID/SHARD.crl`, `/crl/ID/ca.crl`: the path below `/crl/` is the path below the CRL directory. */
const CRL_TARGET = /^\/crl\/(([a-z0-9-]{1,32}?)(?:(-delta)|(\/(?:ca|[1-9]\d{0,8})))?\.crl)$/;
/** `/crl/ID/full.json`, `/crl/ID/partitioned.json`. */
const ARRAY_TARGET = /^\/crl\/([a-z0-9-]{1,32})\/(full|partitioned)\.json$/;
const CERTIFICATE_TARGET = /^\/certs\/([a-z0-9-]{1,32})\.cer$/;

export interface RepositoryOptions {
  readonly crlDir: string;
  /** Where the world reaches the repository, without a slash at its end. */
  readonly publicUrl: string;
  /** The CAs as the store has them now. */
  readonly issuers: () => readonly StoredIssuer[];
  /** Seconds from one scheduled CRL to the next; undefined where nobody says. */
  readonly period: (issuer: string, kind: CrlKind) => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The public repository: CRLs, CA certificates and the page that links them (standards F18, Q2.2). Read-only. */
export class Repository {
  readonly downloads = new Downloads();
  private readonly files: CrlFiles;
  /** Found in this turn of the event loop: looking at the store and the file costs more than the rest of an answer. */
  private readonly thisTurn = new Map<string, Document>();

  constructor(private readonly options: RepositoryOptions) {
    this.files = new CrlFiles(options.crlDir, options.log);
  }

  /** Answers a GET or HEAD that is not OCSP. Paths are compared whole: nothing is decoded or resolved (standards P26). */
  readonly handle: HttpHandler = (request, reply) => {
    const { target } = request;
    const document = this.thisTurn.get(target) ?? this.findOnce(target);
    if (document === undefined) reply.send(404, TEXT_FIELDS, Buffer.from("no such resource\n"));
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
    const [, name, crlIssuer, delta, shard] = CRL_TARGET.exec(target) ?? [];
    if (name !== undefined && crlIssuer !== undefined) {
      const kind = delta !== undefined ? "delta" : shard !== undefined ? "partition" : "complete";
      return this.crl(name, crlIssuer, kind);
    }
    const [, arrayIssuer, of] = ARRAY_TARGET.exec(target) ?? [];
    if (arrayIssuer !== undefined)
      return this.urlArray(arrayIssuer, of === "full" ? "complete" : "partition");
    const [, certificateOf] = CERTIFICATE_TARGET.exec(target) ?? [];
    const issuer = certificateOf === undefined ? undefined : this.known(certificateOf);
    return issuer && certificateDocument(issuer);
  }

  private send(document: Document, request: HttpRequest, reply: HttpReply): void {
    const { content } = document;
    const { status, fields, octets } = select(document, request, nowSeconds(this.options.clock));
    if (octets === undefined) reply.send(status, fields, EMPTY);
    else if (content instanceof Uint8Array)
      reply.send(status, fields, content.subarray(octets.start, octets.stop));
    else if (request.method === "HEAD") reply.sendFile(status, fields, headOnly(content.length));
    else {
      const range = this.downloads.start(request.peer, () => content.range(octets));
      if (range === "busy") reply.send(503, BUSY_FIELDS, Buffer.from("too many downloads\n"));
      else if (range !== undefined) reply.sendFile(status, fields, range);
      else {
        this.thisTurn.delete(request.target);
        this.handle(request, reply);
      }
    }
  }

  private known(id: string): StoredIssuer | undefined {
    return this.options.issuers().find((issuer) => issuer.id === id);
  }

  private crl(name: string, issuer: string, kind: CrlKind): Document | undefined {
    const crl = this.known(issuer) && this.files.find(name);
    if (crl === undefined) return undefined;
    const { thisUpdate, nextUpdate, etag, content } = crl;
    const period = this.options.period(issuer, kind) ?? Number.POSITIVE_INFINITY;
    const freshUntil = Math.min(nextUpdate, thisUpdate + period);
    return { content, type: "application/pkix-crl", etag, lastModified: thisUpdate, freshUntil };
  }

  /** Where an issuer's CRLs are, as its certificates say it (standards K6, K9); one empty string before the first. */
  private urlArray(issuer: string, kind: CrlKind): Document | undefined {
    if (this.known(issuer) === undefined) return undefined;
    const names = this.namesOf(issuer).get(kind) ?? [];
    const urls = names.map((name) => `${this.options.publicUrl}/crl/${name}`);
    const json = JSON.stringify(urls.length === 0 ? [""] : urls);
    return smallDocument(Buffer.from(`${json}\n`), "application/json", nowSeconds(this.options.clock));
  }

  /** Names of the CRLs of an issuer that are served. */
  private namesOf(issuer: string): Map<CrlKind, string[]> {
    const names = publishedNames(this.options.crlDir, issuer).filter((name) => this.files.find(name));
    const whole = [crlName(issuer, ALL), deltaName(issuer)];
    return new Map([
      ["complete", names.filter((name) => name === whole[0])],
      ["delta", names.filter((name) => name === whole[1])],
      ["partition", names.filter((name) => !whole.includes(name))],
    ]);
  }

  private page(): Document {
    const issuers = this.options.issuers().map(({ id, certificate }) => ({
      id,
      subject: nameText(parseCertificate(certificate).subjectName),
      fingerprint: createHash("sha256").update(certificate).digest("hex"),
      crls: [...this.namesOf(id)].flatMap(([kind, names]) =>
        names.flatMap((name) => this.pageCrl(name, kind)),
      ),
    }));
    const html = Buffer.from(renderPage(issuers));
    return smallDocument(html, "text/html; charset=utf-8", nowSeconds(this.options.clock));
  }

  private pageCrl(name: string, kind: CrlKind): PageCrl[] {
    const crl = this.files.find(name);
    return crl === undefined ? [] : [{ ...crl, name, kind, length: crl.content.length }];
  }
}

function certificateDocument({ certificate }: StoredIssuer): Document {
  const { notBefore } = parseCertificate(certificate);
  return smallDocument(certificate, "application/pkix-cert", notBefore);
}

/** A file whose length alone is said. */
const headOnly = (length: number): FileRange => ({ length, read: () => false, close: () => {} });
