import { type Clock, systemClock } from "../../src/core/clock.js";
import { ClockGuard } from "../../src/core/clock-guard.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { CrlSchedule } from "../../src/issuer/crl-schedule.js";
import type { IssuerContext } from "../../src/issuer/operations.js";
import { type Installation, silent } from "./installation.js";

/** What the issuer's operations work on, over an installation in this process. */
export function issuerContext(
  { context, config, keyStore }: Installation,
  wall: Clock = systemClock,
  boot: Clock = wall,
): IssuerContext {
  const clock = new ClockGuard(wall, boot);
  const publisher = new CrlPublisher(config, context.status, context.ca, silent);
  const schedule = new CrlSchedule(
    context.authorities,
    publisher,
    context.status.reader,
    clock,
    silent,
    async () => undefined,
  );
  return { ...context, clock, log: silent, publisher, schedule, keyStore, startedAt: 0 };
}
