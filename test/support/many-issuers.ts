import { createCa } from "../../src/issuer/create-ca.js";
import { enrol, type Installation, makeInstallation } from "./installation.js";
import { freePort } from "./quickstart.js";

export interface ManyIssuers extends Installation {
  readonly port: number;
  /** Ids of the CAs beside the demonstration's own. */
  readonly ids: readonly string[];
}

/** An installation with so many CAs more, each with a token and a delegate of its own. */
export async function makeManyIssuers(count: number): Promise<ManyIssuers> {
  const port = await freePort();
  const ids = Array.from({ length: count }, (_, i) => `i${i}`);
  const installation = await makeInstallation((text) => withIssuers(text, ids, port));
  const { context, keyStore } = installation;
  for (const id of ids) await createCa(context, keyStore(`c${id}`), id);
  await enrol(installation);
  return { ...installation, port, ids };
}

function withIssuers(text: string, ids: readonly string[], port: number): string {
  const start = text.indexOf("[issuers.root]");
  const end = text.indexOf("# Policies:");
  const root = text.slice(start, end);
  const more = ids.map((id) => {
    const token = `[tokens.c${id}]\nprovider = "software"\ndir = "keys/c${id}"\npin_file = "secrets/ca.pin"\n\n`;
    const issuer = root
      .replaceAll("issuers.root", `issuers.${id}`)
      .replace("Demo Root CA", `Demo CA ${id}`)
      .replace('token = "ca"', `token = "c${id}"`);
    return token + issuer;
  });
  return (text.slice(0, start) + root + more.join("") + text.slice(end))
    .replace(/^listen = .*$/m, `listen = "127.0.0.1:${port}"`)
    .replace(/^metrics_listen = .*$/m, `metrics_listen = "127.0.0.1:${port + 1}"`);
}
