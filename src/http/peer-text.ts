/**
 * Text of a raw IP address of 4 or 16 octets, as node:net writes it: IPv6 in its canonical form (RFC 5952), but an IPv4
 * address that came in over IPv6 as the IPv4 address it is. "" for anything else.
 */
export function peerText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) return "";
  const isMapped =
    octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255;
  return isMapped ? octets.subarray(12).join(".") : ipv6Text(octets);
}

/** The address that node:net reports, in the same form. */
export function peerOfSocket(remoteAddress: string | undefined): string {
  return (remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** An IPv4 address, or the /64 network of an IPv6 address: whoever has one has all of it. `address` as in HttpRequest. */
export function peerOf(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", after] = address.split("::");
  const groups = before === "" ? [] : before.split(":");
  if (after !== undefined) {
    const behind = after === "" ? [] : after.split(":");
    groups.push(...Array.from({ length: 8 - groups.length - behind.length }, () => "0"), ...behind);
  }
  return groups.slice(0, 4).join(":");
}

function ipv6Text(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i));
  const [start, length] = longestZeroRun(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** Start and length of the first longest run of zeros. */
function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}
