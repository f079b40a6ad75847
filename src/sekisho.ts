#!/usr/bin/env node
import { runProgram } from "./admin/program.js";

await runProgram(process.argv, {});
