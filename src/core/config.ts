import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { type BrokenRule, brokenRules } from "./config-rules.js";
import { type ConfigFields, configSchema } from "./config-schema.js";
import { SekishoError } from "./errors.js";

/** The configuration as a typed value: parsed once, strictly; unknown keys are errors; paths are absolute. */
export type Config = ConfigFields & {
  /** Absolute path of the file it was read from. */
  readonly file: string;
};

export type IssuerConfig = Config["issuers"][string];
export type ProfileConfig = Config["profiles"][string];
export type TokenConfig = Config["tokens"][string];

/** A configuration as it stands in its file; `file` is the absolute path. */
export interface ConfigSource {
  readonly file: string;
  readonly text: string;
}

/** Reads and checks a configuration file. Throws CONFIG_MISSING or CONFIG_INVALID with line, key and expectation. */
export function loadConfig(path: string): Config {
  const { file, text } = readConfig(path);
  return parseConfig(text, file);
}

/** Reads a configuration file without looking at it. Throws CONFIG_MISSING. */
export function readConfig(path: string): ConfigSource {
  const file = resolve(path);
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (error) {
    throw new SekishoError("CONFIG_MISSING", `${file}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

/** Checks configuration text; `file` names it in messages and is what relative paths start from. */
export function parseConfig(text: string, file: string): Config {
  const toml = parseToml(text, file);
  const refuse = (keys: readonly string[], expectation: string): never => {
    const place = `${file}:${lineOfKey(text, keys)}: ${keys.join(".")}`;
    throw new SekishoError("CONFIG_INVALID", `${place}: ${expectation}`);
  };
  const foreign = foreignKey(toml);
  if (foreign !== undefined) refuse(foreign, UNKNOWN_KEY);
  const result = configSchema.safeParse(camelKeys(toml));
  const refuseField = ({ path, expectation }: BrokenRule): never => refuse(path.map(snakeKey), expectation);
  if (!result.success) return refuseField(firstProblem(result.error));
  for (const broken of brokenRules(result.data)) refuseField(broken);
  return { ...absolutePaths(result.data, dirname(file)), file };
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0] ?? "";
    throw new SekishoError("CONFIG_INVALID", `${file}:${error.line}: ${reason}`, { cause: error });
  }
}

const UNKNOWN_KEY = "no such key is known here";

/** Path of the first key with a capital letter: no key has one, and `camelKeys` would not tell it from a field. */
function foreignKey(value: unknown): string[] | undefined {
  if (typeof value !== "object" || value === null || value instanceof Date) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (/[A-Z]/.test(key)) return [key];
    const below = foreignKey(inner);
    if (below !== undefined) return [key, ...below];
  }
  return undefined;
}

/** TOML keys are snake_case, fields camelCase. Names that users choose have no underscore, so they stay as they are. */
function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      camelKeys(inner),
    ]),
  );
}

const snakeKey = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function firstProblem(error: z.ZodError): BrokenRule {
  const issue = error.issues[0] as z.core.$ZodIssue;
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return { path, expectation: issue.message };
  return { path: [...path, ...issue.keys.slice(0, 1)], expectation: UNKNOWN_KEY };
}

/** Line (from 1) on which a key of the TOML text stands, or the nearest table around it. */
function lineOfKey(text: string, path: readonly string[]): number {
  let table: string[] = [];
  let best = { depth: 0, line: 1 };
  text.split("\n").forEach((line, index) => {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line);
    const assignment = /^\s*([A-Za-z0-9_\-."]+)\s*=/.exec(line);
    if (header !== null) table = splitKey(header[1] as string);
    else if (assignment === null) return;
    const here =
      assignment === null || header !== null ? table : [...table, ...splitKey(assignment[1] as string)];
    const matches = here.length <= path.length && here.every((part, i) => part === path[i]);
    if (matches && here.length > best.depth) best = { depth: here.length, line: index + 1 };
  });
  return best.line;
}

const splitKey = (key: string): string[] => key.split(".").map((part) => part.trim().replace(/^"|"$/g, ""));

/** Makes every path of the configuration absolute; relative ones start from the file's directory. */
function absolutePaths(config: ConfigFields, base: string): ConfigFields {
  const absolute = (path: string): string => resolve(base, path);
  const absoluteIfGiven = (path: string | undefined) => (path === undefined ? undefined : absolute(path));
  return {
    ...config,
    store: { ...config.store, dir: absolute(config.store.dir) },
    crl: { ...config.crl, dir: absolute(config.crl.dir) },
    control: { ...config.control, socket: absolute(config.control.socket) },
    audit: { ...config.audit, dir: absolute(config.audit.dir) },
    responder: {
      ...config.responder,
      enrolDir: absolute(config.responder.enrolDir),
      tlsCertificateFile: absoluteIfGiven(config.responder.tlsCertificateFile),
      tlsKeyFile: absoluteIfGiven(config.responder.tlsKeyFile),
    },
    pkcs11:
      config.pkcs11 === undefined
        ? undefined
        : {
            ...config.pkcs11,
            softhsm2Conf: absoluteIfGiven(config.pkcs11.softhsm2Conf),
          },
    tokens: mapValues(config.tokens, (token) =>
      token.provider === "software"
        ? { ...token, dir: absolute(token.dir), pinFile: absolute(token.pinFile) }
        : { ...token, pinFile: absolute(token.pinFile) },
    ),
    operators: mapValues(config.operators, (operator) => ({
      ...operator,
      keyFile: absoluteIfGiven(operator.keyFile),
    })),
  };
}

function mapValues<In, Out>(record: Record<string, In>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
