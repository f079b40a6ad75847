import type { ConfigFields } from "./config-schema.js";

/** A rule between parts of the configuration that does not hold. */
export interface BrokenRule {
  /** Where it shows, as field names. */
  readonly path: readonly string[];
  readonly expectation: string;
}

type Issuer = ConfigFields["issuers"][string];

/** Checks what no single field can say: that names exist, that keys have tokens of their own, what production refuses. */
export function* brokenRules(config: ConfigFields): Generator<BrokenRule> {
  yield* tokenRules(config);
  for (const [name, policy] of Object.entries(config.policies))
    for (const profile of policy.profiles)
      yield* mustExist(["policies", name, "profiles"], config.profiles, profile, "profile");
  yield* tlsRules(config);
  const { unknownIssuer } = config.responder;
  if (unknownIssuer !== undefined)
    yield* mustExist(["responder", "unknownIssuer"], config.issuers, unknownIssuer, "issuer");
  for (const [name, issuer] of Object.entries(config.issuers)) yield* issuerRules(config, name, issuer);
  if (config.production) yield* productionRules(config);
}

function* tokenRules({ tokens, pkcs11, journal }: ConfigFields): Generator<BrokenRule> {
  const names = new Map<string, string>();
  for (const [name, token] of Object.entries(tokens)) {
    if (token.provider === "pkcs11" && pkcs11 === undefined)
      yield { path: ["pkcs11"], expectation: "expected a [pkcs11] table: a token uses it" };
    const [field, place] = token.provider === "pkcs11" ? ["label", token.label] : ["dir", token.dir];
    const same = names.get(`${field} ${place}`);
    if (same !== undefined)
      yield {
        path: ["tokens", name, field],
        expectation: `expected another ${field} than that of token "${same}"`,
      };
    names.set(`${field} ${place}`, name);
  }
  yield* mustExist(["journal", "token"], tokens, journal.token, "token");
}

/** An HTTPS port needs its two files, and they are of no use without one. */
function* tlsRules({ responder }: ConfigFields): Generator<BrokenRule> {
  const fields = ["tlsListen", "tlsCertificateFile", "tlsKeyFile"] as const;
  const given = fields.filter((field) => responder[field] !== undefined);
  const missing = fields.find((field) => responder[field] === undefined);
  if (given.length > 0 && missing !== undefined)
    yield {
      path: ["responder", missing],
      expectation: "expected all of tls_listen, tls_certificate_file and tls_key_file, or none",
    };
}

function* issuerRules(config: ConfigFields, name: string, issuer: Issuer): Generator<BrokenRule> {
  const at = ["issuers", name];
  const { tokens, profiles, policies, issuers } = config;
  if (name.endsWith("-delta"))
    yield {
      path: at,
      expectation: 'expected a name that does not end in "-delta": delta CRLs have such names',
    };
  yield* mustExist([...at, "token"], tokens, issuer.token, "token");
  yield* mustExist([...at, "profile"], profiles, issuer.profile, "profile");
  yield* mustExist([...at, "ocsp", "token"], tokens, issuer.ocsp.token, "token");
  yield* mustExist([...at, "ocsp", "profile"], profiles, issuer.ocsp.profile, "profile");
  for (const policy of issuer.policies) yield* mustExist([...at, "policies"], policies, policy, "policy");
  for (const requestor of issuer.ocsp.requestors ?? [])
    yield* mustExist([...at, "ocsp", "requestors"], issuers, requestor, "issuer");
  if (issuer.parent !== undefined) yield* mustExist([...at, "parent"], issuers, issuer.parent, "issuer");
  if (!endsInRoot(issuers, issuer))
    yield { path: [...at, "parent"], expectation: "expected an issuer that is not below this one" };
  yield* ownToken(config, name, issuer);
  if (issuer.crl.validity <= issuer.crl.period)
    yield { path: [...at, "crl", "validity"], expectation: "expected more than crl.period" };
  yield* deltaRules(at, issuer);
  if (issuer.ocsp.maxAge * 2 > issuer.ocsp.validity)
    yield { path: [...at, "ocsp", "maxAge"], expectation: "expected at most half of ocsp.validity" };
  if (new Set(issuer.ocsp.keyType).size < issuer.ocsp.keyType.length)
    yield { path: [...at, "ocsp", "keyType"], expectation: "expected each key type once" };
  if (issuer.ruleProfile === "cabf-br") yield* baselineRules(config, at, issuer);
}

function* deltaRules(at: string[], { crl: { delta, period, onRevocation } }: Issuer): Generator<BrokenRule> {
  if (delta !== undefined && delta.validity <= delta.period)
    yield { path: [...at, "crl", "delta", "validity"], expectation: "expected more than crl.delta.period" };
  if (delta !== undefined && delta.period >= period)
    yield { path: [...at, "crl", "delta", "period"], expectation: "expected less than crl.period" };
  if (onRevocation !== undefined && onRevocation >= period)
    yield { path: [...at, "crl", "onRevocation"], expectation: "expected less than crl.period" };
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** What the Baseline Requirements and the root programs forbid (standards J, K, R1). */
function* baselineRules(
  { policies, profiles }: ConfigFields,
  at: string[],
  issuer: Issuer,
): Generator<BrokenRule> {
  const { ocsp, crl } = issuer;
  const rule = (path: string[], expectation: string): BrokenRule => ({
    path: [...at, ...path],
    expectation: `${expectation} (rule_profile "cabf-br")`,
  });
  if (ocsp.unknownCertificate === "extended-revoked")
    yield rule(
      ["ocsp", "unknownCertificate"],
      'expected "unknown" or "unauthorized": certificateHold is forbidden',
    );
  if (ocsp.validity < 8 * HOUR || ocsp.validity > 7 * DAY)
    yield rule(["ocsp", "validity"], "expected 8 hours to 7 days");
  const issued = issuer.policies.flatMap((name) => policies[name]?.profiles ?? []);
  const onlyCas = issued.every((name) => profiles[name]?.kind !== "end-entity");
  if (crl.validity > (onlyCas ? 365 : 10) * DAY)
    yield rule(["crl", "validity"], `expected at most ${onlyCas ? "365 days" : "10 days"}`);
  if (onlyCas && crl.period > 365 * DAY) yield rule(["crl", "period"], "expected at most 365 days");
  if ((crl.onRevocation ?? crl.period) > DAY)
    yield rule(["crl", "onRevocation"], "expected at most 24 hours, or crl.period as short");
  if (crl.delta !== undefined) yield rule(["crl", "delta"], "expected no delta CRLs");
  if (crl.keepExpired) yield rule(["crl", "keepExpired"], "expected false");
  if (!onlyCas && crl.period > 7 * DAY) yield rule(["crl", "period"], "expected at most 7 days");
}

/** One token a CA key; OCSP and journal keys are kept in others (invariant 7). */
function* ownToken(config: ConfigFields, name: string, issuer: Issuer): Generator<BrokenRule> {
  const path = ["issuers", name, "token"];
  const others = Object.entries(config.issuers).filter(([other]) => other !== name);
  if (others.some(([, { token }]) => token === issuer.token))
    yield { path, expectation: "expected a token that holds no other issuer's CA key" };
  const delegates = Object.values(config.issuers).map(({ ocsp }) => ocsp.token);
  if (
    new Set([issuer.token, issuer.ocsp.token, config.journal.token]).size < 3 ||
    delegates.includes(issuer.token)
  )
    yield {
      path,
      expectation: "expected three different tokens for the CA key, the OCSP key and the journal key",
    };
}

function* productionRules({ tokens, policies, issuers }: ConfigFields): Generator<BrokenRule> {
  for (const [name, { provider }] of Object.entries(tokens))
    if (provider === "software")
      yield {
        path: ["tokens", name, "provider"],
        expectation: "expected a PKCS#11 token: software keys are refused with production = true",
      };
  for (const [name, { demo }] of Object.entries(policies))
    if (demo)
      yield {
        path: ["policies", name, "demo"],
        expectation: "expected no demo policy with production = true",
      };
  for (const [name, { parent, activation }] of Object.entries(issuers))
    if (parent === undefined && activation === "standing")
      yield {
        path: ["issuers", name, "activation"],
        expectation: "expected another mode: a root key never stands activated with production = true",
      };
}

function* mustExist(path: string[], known: object, name: string, what: string): Generator<BrokenRule> {
  if (!Object.hasOwn(known, name))
    yield { path, expectation: `expected the name of a ${what}; there is no "${name}"` };
}

/** False if following `parent` comes round in a circle. */
function endsInRoot(issuers: ConfigFields["issuers"], issuer: Issuer): boolean {
  const seen = new Set<Issuer>();
  for (let at: Issuer | undefined = issuer; at !== undefined; ) {
    if (seen.has(at)) return false;
    seen.add(at);
    at = at.parent === undefined ? undefined : issuers[at.parent];
  }
  return true;
}
