import { suite } from "node:test";
import { fileBehaviours } from "../support/file-behaviours.js";
import { uwsUnusable } from "../support/http-server.js";

/** Bodies that are files (standards F19, F20, invariant 9). */

suite("files over http1 alone", () => fileBehaviours("http1"));
suite("files over acceptor, uWS and http1", { skip: uwsUnusable() }, () => fileBehaviours("uws"));
