import { suite } from "node:test";
import { behaviours } from "../support/http-behaviours.js";
import { uwsUnusable } from "../support/http-server.js";

suite("acceptor, uWS and http1 over time", { skip: uwsUnusable() }, () => behaviours("uws"));
