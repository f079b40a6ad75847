/**
 * Files on their way to sockets take turns: a turn moves a few chunks of whoever is ready, then the event loop sees to
 * everything else. So no answer waits for more than one turn, however many downloads there are and however fast.
 */

/** Sends its next chunk; asks for another turn when it can send more. Throws nothing. */
export interface Transfer {
  step(): void;
}

/** With 64 KiB a chunk a turn is some 0.2 ms of copying. */
const CHUNKS_A_TURN = 4;

/** In the order in which they became ready. */
const ready = new Set<Transfer>();
let scheduled = false;

/** Has the transfer's `step` called in one of the next turns. */
export function takeTurn(transfer: Transfer): void {
  ready.add(transfer);
  if (!scheduled) setImmediate(runTurn);
  scheduled = true;
}

function runTurn(): void {
  scheduled = false;
  let chunks = 0;
  for (const transfer of ready) {
    ready.delete(transfer);
    transfer.step();
    if (++chunks === CHUNKS_A_TURN) break;
  }
  if (ready.size > 0 && !scheduled) setImmediate(runTurn);
  scheduled = ready.size > 0;
}
