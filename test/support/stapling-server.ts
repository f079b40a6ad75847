import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { openssl } from "./openssl.js";

/** A foreign TLS server that staples our answers, as a child process in the foreground. */
export class StaplingServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly root: string,
  ) {}

  /** Starts it and waits until it accepts; `errors` is its error log. */
  static async start(
    command: readonly [string, ...string[]],
    port: number,
    root: string,
    errors: string,
  ): Promise<StaplingServer> {
    const [program, ...args] = command;
    const child = spawn(program, args, { stdio: "inherit" });
    const server = new StaplingServer(child, port, root);
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${readFileSync(errors, "utf8")}`);
      await wait(50);
    }
    return server;
  }

  /** What `openssl s_client -status` says of one handshake. */
  handshake(): string {
    const args = ["s_client", "-connect", `127.0.0.1:${this.port}`, "-servername", "localhost", "-status"];
    return openssl([...args, "-CAfile", this.root, "-verify_return_error"], "").toString();
  }

  /** Shakes hands until there is a staple; servers fetch it after the first. */
  async stapled(): Promise<string> {
    for (;;) {
      const said = this.handshake();
      if (said.includes("OCSP Response Status: successful")) return said;
      await wait(100);
    }
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    if (this.child.exitCode === null) await once(this.child, "exit");
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
