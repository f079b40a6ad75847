import { accessSync, constants, lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { loadBindings } from "../../native-bindings/binding.js";
import { type Config, loadConfig } from "../core/config.js";
import { SekishoError, toSekishoError } from "../core/errors.js";
import { loadUws } from "../http/uws-binary.js";
import { addCommand, type CommonOptions } from "./options.js";
import { printJson, printLines } from "./output.js";
import { withSession } from "./session.js";

/** One thing that was looked at. `warn` does not keep the installation from working. */
interface Finding {
  readonly check: string;
  readonly verdict: "ok" | "warn" | "fail";
  readonly detail: string;
}

/** `sekisho doctor`: looks, changes nothing, works without the issuer. */
export function addDoctorCommand(program: Command): void {
  addCommand(program, "doctor", {
    does: "Look for what keeps the installation from working, or working well",
    example: "doctor",
  }).action(doctor);
}

async function doctor(options: CommonOptions): Promise<void> {
  const config = loadConfig(options.config);
  const findings: Finding[] = [
    nodeVersion(),
    addon(),
    uws(config),
    pkcs11Module(config),
    directory("store", config.store.dir, "shared"),
    directory("control socket", dirname(config.control.socket), "private"),
    directory("audit log", config.audit.dir, "private"),
    await issuer(config, options),
  ];
  if (options.json) printJson({ config: config.file, findings });
  else printLines(findings.map(({ check, verdict, detail }) => `${verdict.padEnd(4)}  ${check}: ${detail}`));
  const failed = findings.filter(({ verdict }) => verdict === "fail").length;
  if (failed > 0) throw new SekishoError("DOCTOR_FAILED", `${failed} of ${findings.length} checks failed`);
}

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  const check = "Node";
  if (major < 20 || (major === 20 && minor < 19))
    return { check, verdict: "fail", detail: `${process.version}; 20.19 or later is needed` };
  if (major === 20)
    return {
      check,
      verdict: "warn",
      detail: `${process.version}; upstream has ended Node 20, plan for Node 24`,
    };
  return { check, verdict: "ok", detail: process.version };
}

function addon(): Finding {
  const loaded = loadBindings();
  if (loaded.bindings !== undefined) return { check: "C++ addon", verdict: "ok", detail: "loads" };
  return { check: "C++ addon", verdict: "warn", detail: `${loaded.reason}; all works, slower` };
}

function uws(config: Config): Finding {
  const check = "uWebSockets.js";
  if (config.responder.transport === "http1")
    return { check, verdict: "ok", detail: "not used: transport is http1" };
  const loaded = loadUws();
  if (loaded.uws === undefined)
    return { check, verdict: "warn", detail: `${loaded.reason}; our own HTTP transport serves instead` };
  return {
    check,
    verdict: "ok",
    detail: "examined binary; the responder tests it for known faults at its start",
  };
}

function pkcs11Module(config: Config): Finding {
  const check = "PKCS#11 module";
  if (config.pkcs11 === undefined) return { check, verdict: "ok", detail: "not used" };
  const { module } = config.pkcs11;
  return found(check, module, () => accessSync(module, constants.R_OK));
}

/** A directory that the issuer creates; responders read the store, the other two are the issuer's alone. */
function directory(check: string, dir: string, access: "shared" | "private"): Finding {
  const stat = lstatSync(dir, { throwIfNoEntry: false });
  if (stat === undefined) return { check, verdict: "warn", detail: `${dir} does not exist yet` };
  if (access === "private" && (stat.mode & 0o077) !== 0)
    return { check, verdict: "fail", detail: `${dir} lets other users in; expected mode 700` };
  return found(check, dir, () => accessSync(dir, constants.R_OK | constants.X_OK));
}

async function issuer(config: Config, options: CommonOptions): Promise<Finding> {
  try {
    await withSession(config, options, async () => undefined);
    return { check: "issuer", verdict: "ok", detail: `answers on ${config.control.socket}` };
  } catch (error) {
    return { check: "issuer", verdict: "fail", detail: toSekishoError(error).message };
  }
}

function found(check: string, path: string, look: () => void): Finding {
  try {
    look();
    return { check, verdict: "ok", detail: path };
  } catch (error) {
    return { check, verdict: "fail", detail: toSekishoError(error).message };
  }
}
