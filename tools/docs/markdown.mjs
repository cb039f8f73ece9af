// What the pages are made of. Prettier sets the tables in columns.

/** Text as Markdown: only what is in backquotes is more than text. */
export function text(plain) {
  const parts = plain.split(/(`[^`]+`)/);
  return parts.map((part, i) => part.replace(i % 2 === 0 ? /[\\<*|]/g : /\|/g, '\\$&')).join('');
}

/** @throws Error where an option, a key or whatever it is says nothing of itself */
export function described(name, { description }) {
  if (description) return text(description);
  throw new Error(`${name} has no description in its schema`);
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}

/** What an option takes, in a few words. */
export function typeOf(schema) {
  const { enum: choices, const: only, type, items, oneOf, anyOf } = schema;
  if (choices) return choices.map(valueOf).join(' or ');
  if (only !== undefined) return valueOf(only);
  if (oneOf ?? anyOf) return (oneOf ?? anyOf).map(typeOf).join(' or ');
  return [type ?? 'any']
    .flat()
    .map((name) => (name === 'array' ? `list of ${items ? typeOf(items) : 'any'}` : name))
    .join(' or ');
}

/** A value as it is written; nothing where there is none. */
export function valueOf(value) {
  if (value === undefined) return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

function code(plain) {
  return `\`${plain.replace(/\|/g, '\\|')}\``;
}
