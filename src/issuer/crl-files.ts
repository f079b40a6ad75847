import { createHash } from "node:crypto";
import { createReadStream, type Stats, statSync } from "node:fs";
import { link, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hex } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { isSekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { ALL, crlName, deltaName } from "../crl/scope.js";
import type { CrlRecord } from "../store/journal-record.js";
import type { Authority } from "./authority.js";
import { makeDurableDirectory, syncDirectory } from "./durable.js";
import { type PublishedCrl, publishedCrl, readPublishedCrl } from "./published-crl.js";

/** One of an issuer's CRLs: its complete or delta CRL of a scope. */
export interface CrlSlot {
  readonly scope: number;
  readonly delta: boolean;
}

/** What lies where the world looks for a CRL. */
export interface FoundCrl {
  /** What may be relied upon; undefined if there is nothing, or the file is damaged. */
  readonly published: PublishedCrl | undefined;
  /** Journal position that it shows; 0 for a file that this store does not know. */
  readonly covers: number;
}

const NOTHING: FoundCrl = { published: undefined, covers: 0 };

/** Path of a CRL: what the repository serves. */
export function crlPath(
  config: Config,
  id: string,
  { scope, delta }: CrlSlot = { scope: ALL, delta: false },
): string {
  return join(config.crl.dir, delta ? deltaName(id) : crlName(id, scope));
}

/**
 * The files of published CRLs. Each is published under two names of one file: first in the archive, then, once the
 * journal has it, where the world looks for it. So a publication that a crash interrupted in between is completed from
 * the archive, and what the journal says was published was.
 */
export class CrlFiles {
  /** What was found, while the file stays the same. */
  private readonly found = new Map<string, { readonly identity: string; readonly found: FoundCrl }>();

  constructor(
    private readonly config: Config,
    private readonly log: Log,
  ) {}

  /**
   * Looks at a CRL, of which `record` is the journal's last word. Reads the file only if it is not the one that was seen
   * last, in pieces, so that nothing waits for it.
   */
  async look(authority: Authority, slot: CrlSlot, record: CrlRecord | undefined): Promise<FoundCrl> {
    const path = crlPath(this.config, authority.id, slot);
    const known = this.found.get(path);
    if (known?.identity === identityOf(path, record)) return known.found;
    const found = await this.read(authority, path, record);
    this.found.set(path, { identity: identityOf(path, record), found });
    return found;
  }

  /** Puts a staged CRL into the archive, from where it can always be published. On disk when it resolves. */
  async archive(authority: Authority, record: CrlRecord, staged: string): Promise<void> {
    const path = this.archivePath(authority, record);
    await makeDurableDirectory(dirname(path));
    await link(staged, path);
    await syncDirectory(dirname(path));
  }

  /** Makes a staged CRL, which the archive and the journal have, visible to the world. */
  async publish(authority: Authority, record: CrlRecord, staged: string): Promise<PublishedCrl> {
    const path = crlPath(this.config, authority.id, slotOf(record));
    await makeDurableDirectory(dirname(path));
    await rename(staged, path);
    await syncDirectory(dirname(path));
    const published = publishedCrl(path, record);
    this.found.set(path, {
      identity: identityOf(path, record),
      found: { published, covers: record.covers },
    });
    return published;
  }

  private archivePath({ id }: Authority, { scope, number, base }: CrlRecord): string {
    const name = base > 0 ? `${number}-delta.crl` : `${number}.crl`;
    return join(this.config.crl.dir, ".archive", crlName(id, scope).slice(0, -".crl".length), name);
  }

  private async read(authority: Authority, path: string, record: CrlRecord | undefined): Promise<FoundCrl> {
    if (record !== undefined && (await this.isRecorded(path, record)))
      return { published: publishedCrl(path, record), covers: record.covers };
    const stranger = this.readStranger(authority, path);
    if (stranger !== undefined && (record === undefined || stranger.number > BigInt(record.number))) {
      const { number } = stranger;
      this.log.error(
        { issuer: authority.id, number: String(number) },
        "the published CRL is not in the journal: the store is older",
      );
      return { published: stranger, covers: 0 };
    }
    if (record === undefined) return NOTHING;
    return this.complete(authority, path, record);
  }

  /** Publishes from the archive what the journal says is published. */
  private async complete(authority: Authority, path: string, record: CrlRecord): Promise<FoundCrl> {
    const { id } = authority;
    const archived = this.archivePath(authority, record);
    if (!(await this.isRecorded(archived, record))) {
      this.log.error(
        { issuer: id, number: record.number, archived },
        "the published CRL is lost, in the archive too",
      );
      return NOTHING;
    }
    const copy = `${archived}.publishing`;
    await rm(copy, { force: true });
    await link(archived, copy);
    const published = await this.publish(authority, record, copy);
    this.log.warn({ issuer: id, number: record.number, path }, "CRL published again from the archive");
    return { published, covers: record.covers };
  }

  /** A CRL that the journal does not know; undefined if it is none of the issuer's. */
  private readStranger({ id, certificate }: Authority, path: string): PublishedCrl | undefined {
    try {
      return readPublishedCrl(path, certificate);
    } catch (error) {
      if (!isSekishoError(error, "CRL_INVALID")) throw error;
      this.log.error({ issuer: id, reason: error.message }, "the published CRL is damaged");
      return undefined;
    }
  }

  private async isRecorded(path: string, { octets, digest }: CrlRecord): Promise<boolean> {
    const { size } = stat(path) ?? {};
    return size === octets && (await fileSha256(path)) === hex(digest);
  }
}

export const slotOf = ({ scope, base }: CrlRecord): CrlSlot => ({ scope, delta: base > 0 });

/** Changes whenever the file or what the journal says of it does. */
function identityOf(path: string, record: CrlRecord | undefined): string {
  const { ino = 0, mtimeMs = 0, size = 0 } = stat(path) ?? {};
  return `${ino} ${mtimeMs} ${size} ${record?.number ?? 0}`;
}

const stat = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}
