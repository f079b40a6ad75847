import type { Socket } from "node:net";
import type { Config } from "../core/config.js";
import { errorLine } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { type AcceptedConfig, acceptConfig } from "./accepted-config.js";
import { ResponderChild } from "./child.js";
import { FleetMetrics } from "./fleet-metrics.js";
import { DRAIN_MS, type PortName, type Report, STOP_IDLE_MS } from "./ipc.js";
import type { Observed } from "./metrics-server.js";
import { Place, type PlaceOwner } from "./place.js";
import { refuseFixedChanges } from "./reload.js";
import type { SharedSockets } from "./shared-socket.js";

/**
 * Keeps the wanted number of responder processes on the listening sockets: restarts what ends unasked, replaces them
 * one by one at a reload. It answers no request and holds no key: nothing a relying party sends can end it.
 */
export class Supervisor implements PlaceOwner, Observed {
  private readonly children = new Set<ResponderChild>();
  private readonly places: Place[] = [];
  private readonly fleet = new FleetMetrics(
    { wanted: () => this.wanted(), alive: () => this.serving().length },
    () => this.config,
  );
  /** The process that looks after OCSP keys; two at once could generate two keys for one issuer. */
  private enroller: ResponderChild | undefined;
  private stopping = false;
  private turn = 0;

  /** `config` is `source` as a value; `processes` is what the command line wants, whatever the configuration says. */
  constructor(
    private source: AcceptedConfig,
    private config: Config,
    private readonly processes: number | undefined,
    private readonly sockets: SharedSockets,
    readonly log: Log,
  ) {}

  /** Resolves when every process serves that can. Throws what keeps the first one from starting: it keeps all. */
  async start(): Promise<void> {
    const first = this.addPlace();
    await first.open();
    await this.fillUp();
  }

  /**
   * Reads the configuration again and replaces the processes one by one; each new one serves before its predecessor
   * drains. Logs why and keeps everything if the configuration is wrong or changes what cannot change.
   */
  async reload(): Promise<void> {
    let replaced = 0;
    try {
      const { accepted, config } = acceptConfig(this.source.file, this.log);
      refuseFixedChanges(this.config, config);
      for (const place of this.places.slice(0, this.wanted(config))) {
        if (this.stopping) return;
        await place.replace(accepted);
        replaced++;
      }
      this.source = accepted;
      this.config = config;
      while (this.places.length > this.wanted()) this.places.pop()?.close(DRAIN_MS);
      await this.fillUp();
      this.log.info({ processes: this.places.length }, "responder reloaded");
    } catch (err) {
      // A process may fail where the one before it did not; each place keeps what it last started with.
      this.log.error({ err, replaced }, `not reloaded: ${errorLine(err)}`);
    }
  }

  /** Drains all processes; resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const place of this.places) place.close(STOP_IDLE_MS);
    for (const child of this.children) child.drain(STOP_IDLE_MS);
    await Promise.all([...this.children].map(({ ended }) => ended));
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const child of this.children) child.kill();
  }

  /** Has a process serve an accepted connection, each in its turn. */
  give(socket: Socket, port: PortName): void {
    const serving = this.serving();
    const child = serving[this.turn++ % serving.length];
    if (child === undefined) socket.destroy();
    else child.give(socket, port);
  }

  launch(source: AcceptedConfig): ResponderChild {
    const child = new ResponderChild(source, this.sockets);
    this.children.add(child);
    child.ready.then(
      () => this.appointEnroller(),
      () => {},
    );
    void child.ended.then(() => this.forget(child));
    return child;
  }

  restarted(): void {
    this.fleet.restarted();
  }

  readonly contentType = this.fleet.contentType;

  async metrics(): Promise<string> {
    return this.fleet.text(await this.reports());
  }

  /** True if a process serves that has a usable delegate for every issuer. */
  async isReady(): Promise<boolean> {
    return (await this.reports()).some(({ usable }) => usable);
  }

  private wanted(config = this.config): number {
    return this.processes ?? config.responder.processes;
  }

  private async fillUp(): Promise<void> {
    const added: Place[] = [];
    while (!this.stopping && this.places.length < this.wanted()) added.push(this.addPlace());
    await Promise.all(added.map((place) => place.keepOpen()));
  }

  private addPlace(): Place {
    const place = new Place(this, this.source);
    this.places.push(place);
    return place;
  }

  private forget(child: ResponderChild): void {
    this.children.delete(child);
    if (child.lastReport !== undefined) void this.fleet.keep(child.lastReport);
    if (this.enroller === child) this.enroller = undefined;
    this.appointEnroller();
  }

  /** The duty passes on only when its holder has ended. */
  private appointEnroller(): void {
    if (this.enroller !== undefined || this.stopping) return;
    this.enroller = this.serving()[0];
    this.enroller?.enrol();
  }

  private serving(): ResponderChild[] {
    return [...this.children].filter(({ state }) => state === "serving");
  }

  private async reports(): Promise<Report[]> {
    const reports = await Promise.all(this.serving().map((child) => child.report()));
    return reports.filter((report) => report !== undefined);
  }
}
