import { nowSeconds, systemClock } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import { publishedNames } from "../crl/published-names.js";
import { checkPublicCrl, type PublicCrl } from "../verify/public-crl.js";
import { type CommonOptions, configAndIssuer } from "./options.js";
import { printJson, printLines } from "./output.js";

/** `crl check-public`: whether relying parties get the CRLs that are published. Throws CRL_MISSING, CRL_DIFFERS. */
export async function checkPublic(options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const names = publishedNames(config.crl.dir, issuer);
  if (names.length === 0) throw new SekishoError("CRL_MISSING", `no CRL of ${issuer} is published`);
  const found: PublicCrl[] = [];
  for (const name of names)
    found.push(
      await checkPublicCrl(config.crl.dir, name, config.responder.publicUrl, nowSeconds(systemClock)),
    );
  if (options.json) printJson({ issuer, crls: found });
  else printLines(found.map(describe));
  const wrong = found.find(({ difference }) => difference !== undefined);
  if (wrong !== undefined) throw new SekishoError("CRL_DIFFERS", `${wrong.url}: ${wrong.difference}`);
}

function describe({ url, difference, octets, age, remaining }: PublicCrl): string {
  const facts = `${octets} octets, ${age} s old, valid for ${remaining} s`;
  return `${difference === undefined ? "same" : "DIFFERS"}  ${url}  ${facts}`;
}
