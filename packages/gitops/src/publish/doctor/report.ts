import type { Examination } from './examine';
import type { Finding } from './finding';

/** Of one kind of finding more are not printed. */
const MAX_ALIKE = 20;

/** What came out, for people; without the last line's end. */
export function reportText({ store, findings, guarantee }: Examination): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return [store, ...shortened(findings).map((one) => line(one, width)), guarantee].join('\n');
}

/** Whether there is nothing that has to be seen to. */
export function isHealthy({ findings }: Examination): boolean {
  return findings.every(({ level }) => level !== 'problem');
}

function line({ level, check, what, remedy }: Finding, width: number): string {
  const text = `${what}${remedy === undefined ? '' : `; ${remedy}`}`.replace(/\s*[\r\n]+\s*/g, ' ');
  return `${level.padEnd('warning'.length)}  ${check.padEnd(width)}  ${text}`;
}

function shortened(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const one of findings) {
    const key = `${one.check} ${one.level}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const more = group.length - MAX_ALIKE;
    if (more <= 0) return group;
    const { check, level } = group[0]!;
    return [...group.slice(0, MAX_ALIKE), { check, level, what: `and ${more} more: see them with --json` }];
  });
}
