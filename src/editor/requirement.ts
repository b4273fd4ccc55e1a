/**
 * Requirement lines as a table needs them: in parts, and back as one line.
 *
 * Only for showing and editing. Whether a line is right is for the server to say.
 */

export interface IRequirement {
  /** As written. */
  name: string;
  /** With the brackets: "[http2]", or "". */
  extras: string;
  /** What is wanted of it: ">=2,<3", "@ https://…", or "" for any. */
  wanted: string;
  /** With the semicolon: "; python_version < '3.11'", or "". */
  marker: string;
}

const LINE =
  /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(\[[^\]]*\])?\s*(@\s*[^\s;]\S*|[^;@]*?)\s*(;.*)?$/i;

const CLAUSES =
  /^(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[a-z0-9.*+!_-]+\s*(?:,\s*|$))+$/i;

/** The parts of a line, or `null` when it does not look like a requirement. */
export function parseRequirement(line: string): IRequirement | null {
  const match = LINE.exec(line.trim());
  if (!match) {
    return null;
  }
  const [, name, extras = '', wanted = '', marker = ''] = match;
  const plain = wanted.replace(/^\((.*)\)$/, '$1').trim();
  if (plain && !plain.startsWith('@') && !CLAUSES.test(plain)) {
    return null;
  }
  return {
    name,
    extras: extras.replace(/\s+/g, ''),
    wanted: plain.startsWith('@') ? plain : plain.replace(/\s+/g, ''),
    marker: marker.trim()
  };
}

/** One line again. */
export function formatRequirement(parts: IRequirement): string {
  const { name, extras, wanted, marker } = parts;
  const gap = wanted.startsWith('@') ? ' ' : '';
  const before = marker && wanted.startsWith('@') ? ' ' : '';
  return `${name}${extras}${gap}${wanted}${before}${marker}`;
}

/** The spelling of PEP 503, by which names are compared. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/**
 * What two lines must share to stand for the same wish: the name, and the marker, since a
 * package may be asked for differently on different platforms.
 */
export function requirementKey(line: string): string {
  const parts = parseRequirement(line);
  return parts
    ? canonicalName(parts.name) + parts.marker.replace(/\s+/g, '')
    : line.trim();
}

/** The lines with one more, which takes the place of a line for the same package. */
export function withRequirement(
  lines: readonly string[],
  line: string
): string[] {
  const key = requirementKey(line);
  const at = lines.findIndex(other => requirementKey(other) === key);
  if (at < 0) {
    return [...lines, line.trim()];
  }
  return lines.map((other, index) => (index === at ? line.trim() : other));
}

/** The lines of a pasted text, without comments and blank ones. */
export function requirementLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '');
}
