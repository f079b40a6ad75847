const SLASH = 0x2f;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*(.*)$/i;

/**
 * The target without scheme and authority: a server must also take a whole URL (RFC 9112 3.2.2). The rest is as on the
 * wire, nothing decoded, collapsed or resolved (standards F4).
 */
export function originForm(target: string): string {
  if (target.charCodeAt(0) === SLASH) return target;
  const rest = ABSOLUTE_FORM.exec(target)?.[1];
  if (rest === undefined) return target;
  return rest.charCodeAt(0) === SLASH ? rest : `/${rest}`;
}
