import type { Containerfile } from './instructions';
import { ContainerfileError, quoted } from './errors';
import { trim, trimStart } from './text';

const KNOWN = ['syntax', 'escape', 'check'];

/**
 * Reads the parser directives (`# escape=...`). They end at the first line that is none: a blank line, an
 * instruction, any other comment, an unknown directive.
 *
 * @throws ContainerfileError for a directive given twice, and an escape character that there is not
 */
export function parseDirectives(lines: readonly string[], file: string): Containerfile['directives'] {
  const found = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [name, value] = parseDirective(line) ?? [];
    if (name === undefined || value === undefined || !KNOWN.includes(name)) break;
    const place = { file, line: index + 1 };
    if (found.has(name)) {
      throw new ContainerfileError(`the directive "${name}" is given twice`, place, 'remove one of the two');
    }
    if (name === 'escape' && value !== '\\' && value !== '`') {
      throw new ContainerfileError(
        `${quoted(value)} is not an escape character`,
        place,
        'use "\\" or "`" in "# escape="',
      );
    }
    found.set(name, value);
  }
  return {
    syntax: found.get('syntax'),
    escape: found.get('escape') === '`' ? '`' : '\\',
    check: found.get('check'),
  };
}

function parseDirective(line: string): [name: string, value: string] | undefined {
  const text = trimStart(line);
  const equals = text.indexOf('=');
  if (text[0] !== '#' || equals === -1) return undefined;
  const name = trim(text.slice(1, equals));
  const value = trim(text.slice(equals + 1));
  return value !== '' && /^[a-z][a-z0-9]*$/i.test(name) ? [name.toLowerCase(), value] : undefined;
}
