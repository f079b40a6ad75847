/** fetch over a connection of its own: a kept one may have been closed while the test waited for a program. */
export function fetchOnce(url: string, init: { method?: string; body?: Uint8Array<ArrayBuffer> } = {}) {
  return fetch(url, { ...init, headers: { connection: "close" } });
}
