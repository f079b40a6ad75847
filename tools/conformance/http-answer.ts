/** One HTTP answer as it came over the wire (RFC 9112 4 and 6.3). Nothing is repaired; what is odd can be seen. */
export interface HttpAnswer {
  /** "1.0" or "1.1"; "" if the bytes are not HTTP, which then are the body. */
  readonly version: string;
  /** 0 if the bytes are not HTTP. */
  readonly status: number;
  /** In wire order; names in lower case, values without the blanks around them. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** How the end of the body was known. */
  readonly framing: "none" | "length" | "chunked" | "close";
  /** False if the connection ended before the body was whole. */
  readonly whole: boolean;
}

/** An answer and the bytes it took. */
export interface Parsed {
  readonly answer: HttpAnswer;
  readonly size: number;
}

const HEAD_END = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/([0-9]\.[0-9]) ([1-5][0-9]{2})(?: .*)?$/;

/**
 * Reads the first answer in `bytes`; undefined while more bytes are needed. `toHead`: the request was a HEAD, so no body
 * follows. `ended`: nothing more will come.
 */
export function readHttpAnswer(bytes: Buffer, toHead: boolean, ended: boolean): Parsed | undefined {
  if (!"HTTP/".startsWith(bytes.toString("latin1", 0, 5))) return notHttp(bytes);
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return ended && bytes.length > 0 ? notHttp(bytes) : undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const match = STATUS_LINE.exec(statusLine);
  if (match === null) return notHttp(bytes);
  const status = Number(match[2]);
  const fields = lines.map(fieldOf);
  const start = headEnd + HEAD_END.length;
  const body = readBody(bytes.subarray(start), framingOf(status, fields, toHead), fields, ended);
  if (body === undefined) return undefined;
  const { size, ...rest } = body;
  return { answer: { version: match[1] as string, status, fields, ...rest }, size: start + size };
}

/** The first value of a field, "" when absent. */
export function fieldValue({ fields }: HttpAnswer, name: string): string {
  return fields.find(([known]) => known === name)?.[1] ?? "";
}

function notHttp(bytes: Buffer): Parsed {
  const answer = { version: "", status: 0, fields: [], body: bytes, framing: "close", whole: false } as const;
  return { answer, size: bytes.length };
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line.toLowerCase(), ""];
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

type Framing = HttpAnswer["framing"];

function framingOf(status: number, fields: HttpAnswer["fields"], toHead: boolean): Framing {
  if (toHead || status < 200 || status === 204 || status === 304) return "none";
  const names = fields.map(([name]) => name);
  if (names.includes("transfer-encoding")) return "chunked";
  return names.includes("content-length") ? "length" : "close";
}

type Body = Pick<HttpAnswer, "body" | "framing" | "whole"> & { readonly size: number };

function readBody(
  bytes: Buffer,
  framing: Framing,
  fields: HttpAnswer["fields"],
  ended: boolean,
): Body | undefined {
  const taken = (body: Buffer, size: number, whole: boolean): Body => ({ body, framing, whole, size });
  const cutShort = ended ? taken(bytes, bytes.length, framing === "close") : undefined;
  switch (framing) {
    case "none":
      return taken(Buffer.alloc(0), 0, true);
    case "close":
      return cutShort;
    case "length": {
      const length = Number(fields.find(([name]) => name === "content-length")?.[1]);
      if (!(length <= bytes.length)) return cutShort;
      return taken(bytes.subarray(0, length), length, true);
    }
    case "chunked": {
      const body = readChunks(bytes);
      return body === undefined ? cutShort : taken(body.content, body.size, true);
    }
  }
}

function readChunks(bytes: Buffer): { content: Buffer; size: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const length = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const start = lineEnd + 2;
    if (!(length >= 0) || start + length + 2 > bytes.length) return undefined;
    at = start + length + 2;
    // Trailers are not told apart: the kit looks at none.
    if (length === 0) return { content: Buffer.concat(chunks), size: at };
    chunks.push(bytes.subarray(start, start + length));
  }
}
