#!/usr/bin/env node
import { runProgram } from "./admin/program.js";

// The bin stands above admin, issuer and responder. The services load only when asked for: the CLI starts without them.
await runProgram(process.argv, {
  runIssuer: async (configFile) => (await import("./issuer/main.js")).runIssuer(configFile),
  runResponder: async (configFile, processes) =>
    (await import("./responder/main.js")).runResponder(configFile, processes),
});
