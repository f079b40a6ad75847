import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** The repository; this file runs from dist/test/boundaries. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

const SHARED = ["repository", "issuer", "verify"];
const BELOW_SHARED = ["lint", "signer", "http", "store", "audit", "carriers"];

/** What each layer may import directly; what those may import is allowed too (DESIGN section 3). */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  asn1: ["core"],
  x509: ["asn1"],
  ocsp: ["asn1"],
  crl: ["asn1"],
  lint: ["x509", "ocsp", "crl"],
  signer: ["core", "asn1"],
  http: ["core"],
  control: ["core"],
  store: ["x509", "crl"],
  audit: ["store", "signer"],
  carriers: ["store", "signer"],
  ...Object.fromEntries(SHARED.map((layer) => [layer, BELOW_SHARED])),
  issuer: [...BELOW_SHARED, "control"],
  responder: ["repository"],
  admin: ["verify", "control"],
  /** The bin stands above the services and the CLI. */
  "sekisho.ts": ["admin", "issuer", "responder"],
  "native-bindings": [],
};

/** Files that every layer may import: the addon's typed face. */
const EVERYWHERE = ["native-bindings/binding.ts"];

const files = ["src", "native-bindings"].filter((top) => existsSync(join(ROOT, top))).flatMap(sources);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

test("every import follows an arrow of the design", () => {
  const wrong: string[] = [];
  for (const [file, targets] of imports)
    for (const target of targets)
      if (!mayImport(layerOf(file), target)) wrong.push(`${file} imports ${target}`);
  assert.deepEqual(wrong, []);
});

test("every file belongs to a layer of the design, and every import is a file", () => {
  const strangers = files.filter((file) => ARROWS[layerOf(file)] === undefined);
  assert.deepEqual(strangers, []);
  const known = new Set(files);
  const dangling = [...imports].flatMap(([file, targets]) =>
    targets.filter((target) => !known.has(target)).map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(dangling, []);
});

test("no files import each other in a circle", () => {
  assert.equal(findCycle(imports)?.join(" -> "), undefined);
});

test("no file only hands on what other files export", () => {
  const barrels = files.filter((file) => basename(file) === "index.ts" || reExports(read(file)));
  assert.deepEqual(barrels, []);
});

test("the checks see what they look for", () => {
  assert.equal(mayImport("responder", "src/issuer/main.ts"), false);
  assert.equal(mayImport("issuer", "src/responder/main.ts"), false);
  assert.equal(mayImport("core", "src/asn1/reader.ts"), false);
  assert.equal(mayImport("http", "src/asn1/reader.ts"), false);
  assert.equal(mayImport("control", "src/x509/serial.ts"), false);
  assert.equal(mayImport("admin", "src/x509/serial.ts"), true);
  assert.equal(mayImport("admin", "src/issuer/main.ts"), false);
  const circle = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  assert.deepEqual(findCycle(circle), ["b", "c", "b"]);
  assert.equal(reExports('export { a } from "./a.js";'), true);
  assert.deepEqual(
    specifiers('import type {\n A } from "./a.js";\nawait import("./b.js");\nimport "./c.js";'),
    ["./a.js", "./b.js", "./c.js"],
  );
});

function sources(top: string): string[] {
  return readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** Module names of the import and export statements and dynamic imports of a text. */
function specifiers(text: string): string[] {
  const statement = /(?:^|\n)\s*(?:import|export)\s[^;'"`]*?from\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;
  return [...text.matchAll(statement)].map((found) => (found[1] ?? found[2]) as string);
}

/** The project's own files that a file imports. */
function importsOf(file: string): string[] {
  return specifiers(read(file))
    .filter((name) => name.startsWith("."))
    .map((name) => join(dirname(file), name.replace(/\.js$/, ".ts")));
}

function layerOf(file: string): string {
  const [top, second] = file.split("/") as [string, string];
  return top === "src" ? second : top;
}

function mayImport(layer: string, target: string): boolean {
  return EVERYWHERE.includes(target) || layer === layerOf(target) || reaches(layer, layerOf(target));
}

function reaches(from: string, to: string): boolean {
  return (ARROWS[from] ?? []).some((next) => next === to || reaches(next, to));
}

function reExports(text: string): boolean {
  return /(?:^|\n)\s*export\s[^;'"`=(]*?from\s*"/.test(text);
}

/** The first circle that a walk along the imports closes. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
