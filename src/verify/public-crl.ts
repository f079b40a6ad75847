import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { CrlHeader } from "../crl/header.js";
import { readFileOutline } from "../crl/outline.js";

/** What relying parties get at a CRL's URL, beside what was published. */
export interface PublicCrl {
  readonly url: string;
  /** Why relying parties do not get what was published; undefined: they do. */
  readonly difference: string | undefined;
  /** Octets that were received. */
  readonly octets: number;
  /** Seconds since the published CRL's thisUpdate, and until its nextUpdate (below zero: it has passed). */
  readonly age: number;
  readonly remaining: number;
}

const TIMEOUT_MS = 30_000;

/**
 * Fetches a published CRL by its URL and compares it with the file, octet for octet. A CRL that is published in between
 * is looked at once more. What cannot be fetched is a difference, not an error.
 */
export async function checkPublicCrl(
  dir: string,
  name: string,
  publicUrl: string,
  now: number,
): Promise<PublicCrl> {
  const url = `${publicUrl}/crl/${name}`;
  let found = await compare(join(dir, name), url);
  if (found.difference !== undefined) found = await compare(join(dir, name), url);
  const { thisUpdate, nextUpdate = thisUpdate } = found.published;
  return {
    url,
    difference: found.difference ?? (nextUpdate <= now ? "the published CRL is out of date" : undefined),
    octets: found.octets,
    age: now - thisUpdate,
    remaining: nextUpdate - now,
  };
}

interface Compared {
  readonly published: CrlHeader;
  readonly octets: number;
  readonly difference?: string;
}

async function compare(file: string, url: string): Promise<Compared> {
  const { outline, octets } = readFileOutline(file);
  const published = outline.header;
  try {
    const received = await fetchDigest(url, octets);
    const same = received.sha256 === (await fileDigest(file));
    const difference = `${received.octets} octets that are not the ${octets} of the file`;
    return { published, octets: received.octets, ...(same ? {} : { difference }) };
  } catch (error) {
    return { published, octets: 0, difference: (error as Error).message };
  }
}

interface Received {
  readonly octets: number;
  readonly sha256: string;
}

/** Takes no more than one octet beyond what is expected: an answer may be of any length. */
function fetchDigest(url: string, expected: number): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/pkix-crl", "cache-control": "no-cache" };
    const request = get(url, { headers, timeout: TIMEOUT_MS }, (response: IncomingMessage) => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`the URL answers ${response.statusCode}`));
        return;
      }
      const hash = createHash("sha256");
      let octets = 0;
      response.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        octets += chunk.length;
        if (octets <= expected) return;
        response.destroy();
        resolve({ octets, sha256: "" });
      });
      response.on("end", () => resolve({ octets, sha256: hash.digest("hex") }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("the URL does not answer in time")));
    request.on("error", reject);
  });
}

async function fileDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
