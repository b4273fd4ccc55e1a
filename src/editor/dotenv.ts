import type { IVariable } from './draft';

/**
 * The variables of a `.env` text. A line without "=" becomes a name without a value, so that
 * nothing that was pasted is lost; wrong names are told by the server.
 */
export function parseDotEnv(text: string): IVariable[] {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const plain = line.trim().replace(/^export\s+/, '');
    if (!plain || plain.startsWith('#')) {
      continue;
    }
    const at = plain.indexOf('=');
    const name = at < 0 ? plain : plain.slice(0, at).trim();
    const value = at < 0 ? '' : unquote(plain.slice(at + 1).trim());
    found.set(name, value);
  }
  return [...found].map(([name, value]) => ({ name, value }));
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value);
  if (!quoted) {
    return value.replace(/\s+#.*$/, '');
  }
  const [, quote, inner] = quoted;
  return quote === '"'
    ? inner.replace(/\\n/g, '\n').replace(/\\(["\\$])/g, '$1')
    : inner;
}
