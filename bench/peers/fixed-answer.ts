import { request } from "node:http";

/** One answer of our responder, for servers that give nothing but it. */
export interface FixedAnswer {
  readonly getFields: readonly (readonly [name: string, value: string])[];
  readonly postFields: readonly (readonly [name: string, value: string])[];
  /** base64. */
  readonly body: string;
}

/** Fields that every uWS program adds by itself, and those of the connection. */
const OF_TRANSPORT = new Set(["date", "uwebsockets", "content-length", "connection", "keep-alive"]);

/** Asks a responder for an answer by POST and by GET, twice each, so that the answers are kept ones. */
export async function fixedAnswer(port: number, der: Buffer): Promise<FixedAnswer> {
  const path = `/ocsp/${encodeURIComponent(der.toString("base64"))}`;
  const ask = async (method: "GET" | "POST"): Promise<RawAnswer> => {
    const once = () =>
      askOnce(port, method, method === "GET" ? path : "/ocsp", method === "GET" ? undefined : der);
    await once();
    return once();
  };
  const post = await ask("POST");
  const get = await ask("GET");
  if (!get.body.equals(post.body)) throw new Error("GET and POST are answered differently");
  return { getFields: get.fields, postFields: post.fields, body: get.body.toString("base64") };
}

interface RawAnswer {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

function askOnce(port: number, method: string, path: string, body: Buffer | undefined): Promise<RawAnswer> {
  const headers = body === undefined ? {} : { "content-type": "application/ocsp-request" };
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        if (response.statusCode !== 200) reject(new Error(`HTTP status ${response.statusCode}`));
        resolve({ fields: ownFields(response.rawHeaders), body: Buffer.concat(parts) });
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

function ownFields(rawHeaders: readonly string[]): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = rawHeaders.slice(i, i + 2) as [string, string];
    if (!OF_TRANSPORT.has(name.toLowerCase())) fields.push([name, value]);
  }
  return fields;
}
