/** IMF-fixdate (RFC 9110 5.6.7) of unix seconds. */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}

/** Unix seconds of an IMF-fixdate; undefined for any other text, and for days and hours that do not exist. */
export function parseHttpDate(text: string): number | undefined {
  const seconds = Date.parse(text) / 1000;
  return Number.isInteger(seconds) && httpDate(seconds) === text ? seconds : undefined;
}
