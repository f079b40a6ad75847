import { visibleJson, visibleText } from "../core/text.js";
import type { RevokedEntry } from "../crl/entry.js";
import type { SignedCrl } from "../crl/read-crl.js";
import { describeCrl } from "../verify/crl-description.js";
import { type CrlPair, type DiffCounts, diffEntries, readPair } from "../verify/crl-diff.js";
import { crlJson, entryJson, entrySerial, entryText, isoTime } from "./crl-text.js";
import type { CommonOptions } from "./options.js";
import { aligned, BufferedOutput } from "./output.js";

type Before = RevokedEntry | undefined;
type After = RevokedEntry | undefined;

/** `crl diff OLD NEW`. Differences are written as they are found: nothing grows with their number. */
export function diffFiles(oldFile: string, newFile: string, { json }: CommonOptions): void {
  const pair = readPair(oldFile, newFile);
  const output = new BufferedOutput();
  try {
    if (json) writeJson(pair, output);
    else writeText(pair, output);
  } finally {
    output.flush();
  }
}

function writeText(pair: CrlPair, output: BufferedOutput): void {
  const line = (text: string) => output.write(`${visibleText(text)}\n`);
  const heads = aligned([
    ["old", listText(pair.oldFile, pair.old)],
    ["new", listText(pair.newFile, pair.new)],
  ]);
  for (const head of heads) line(head);
  const counts = diffEntries(pair, (before, after) => line(differenceText(before, after)));
  line(countsText(counts));
}

/** One document, `differences` in ascending order of serials, the counts after them. */
function writeJson(pair: CrlPair, output: BufferedOutput): void {
  const old = visibleJson(crlJson(pair.oldFile, describeCrl(pair.old)));
  const latest = visibleJson(crlJson(pair.newFile, describeCrl(pair.new)));
  output.write(`{"old":${old},"new":${latest},"differences":[`);
  let separator = "";
  const counts = diffEntries(pair, (before, after) => {
    output.write(`${separator}${visibleJson(differenceJson(before, after))}`);
    separator = ",";
  });
  output.write(`],${visibleJson(counts).slice(1)}\n`);
}

function listText(file: string, { header, extensions }: SignedCrl): string {
  return `${file}: number ${extensions.cRLNumber ?? "none"}, ${isoTime(header.thisUpdate)}`;
}

const countsText = ({ added, removed, changed, unchanged }: DiffCounts): string =>
  `${added} added, ${removed} removed, ${changed} changed, ${unchanged} unchanged`;

function differenceText(before: Before, after: After): string {
  if (before === undefined) return after === undefined ? "" : `+ ${entrySerial(after)} ${entryText(after)}`;
  if (after === undefined) return `- ${entrySerial(before)} ${entryText(before)}`;
  return `~ ${entrySerial(after)} ${entryText(before)} -> ${entryText(after)}`;
}

function differenceJson(before: Before, after: After): object {
  return {
    serial: entrySerial((after ?? before) as RevokedEntry),
    before: before && entryJson(before),
    after: after && entryJson(after),
  };
}
