/** Characters that move a terminal's cursor, reorder its text or end a line: controls, format characters, separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text without invisible characters: for foreign text on a terminal. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, "");
}

/** A value as JSON on one line, with every invisible character escaped: JSON itself escapes only some of them. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (found) =>
    found.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
