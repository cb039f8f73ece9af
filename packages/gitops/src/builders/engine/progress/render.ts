import type { BuildEvent } from './trace';

/** Steps that say nothing about the user's file unless they take long or fail. */
const INTERNAL = /^\[(internal|auth)\]|^(exporting|resolve image config)/;
const LONG = 1;

/**
 * A build's events as plain lines, one after the other, good for a terminal and for a log:
 * `#3 [build 2/4] RUN npm ci`, `#3   added 12 packages`, `#3 done in 4.1s`.
 */
export function renderEvent(event: BuildEvent): string[] {
  if (event.kind === 'warning') {
    return [
      `warning: ${event.line ? `line ${event.line}: ` : ''}${event.text}${event.url ? ` (${event.url})` : ''}`,
    ];
  }
  const { number, name } = event.step;
  const quiet = INTERNAL.test(name);
  switch (event.kind) {
    case 'started':
      return quiet ? [] : [`#${number} ${name}`];
    case 'cached':
      return quiet ? [] : [`#${number} ${name} (cached)`];
    case 'done':
      if (event.seconds < LONG) return [];
      return [`#${number} ${quiet ? `${name} ` : ''}done in ${event.seconds.toFixed(1)}s`];
    case 'failed':
      return [`#${number} ${quiet ? `${name} ` : ''}failed: ${event.error}`];
    case 'output':
      return [`#${number}   ${event.line}`];
    case 'canceled':
    case 'transfer':
      return [];
  }
}
