import type { Objection } from '../ledger/protection';
import type { Breach } from '../ledger/transitions';

const MAX_LISTED = 20;

/** What stands against leaving an image in a ring without what it was made with. */
export function breachObjection({ ring, image, version, dependency, needed, held }: Breach): Objection {
  return `${image} ${version} needs ${dependency} ${needed}, but ${ring} would hold ${held ?? 'none'}`;
}

/** Some lines as one, as far as anybody reads. */
export function listed(lines: readonly string[]): string {
  const more = lines.length > MAX_LISTED ? `; and ${lines.length - MAX_LISTED} more` : '';
  return `${lines.slice(0, MAX_LISTED).join('; ')}${more}`;
}
