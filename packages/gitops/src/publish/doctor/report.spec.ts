import { type Finding, finding } from './finding';
import { isHealthy, reportText } from './report';

const examination = (...findings: Finding[]) => ({ store: 'here', guarantee: 'two pushes: fine', findings });

describe('what is printed', () => {
  it('has a line for each finding, and what to do', () => {
    const findings = [
      finding('mounts', 'ok', 'fine'),
      finding('image tags', 'warning', 'two\nlines', 'mend'),
    ];
    expect(reportText(examination(...findings)).split('\n')).toEqual([
      'here',
      'ok       mounts      fine',
      'warning  image tags  two lines; mend',
      'two pushes: fine',
    ]);
  });

  it('has no more than twenty that are alike', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => finding('images', 'problem', `${i}`));
    const printed = (count: number) =>
      reportText(examination(...many(count)))
        .split('\n')
        .slice(1, -1);
    expect(printed(20).at(-1)).toBe('problem  images  19');
    expect(printed(22)).toHaveLength(21);
    expect(printed(22).at(-1)).toBe('problem  images  and 2 more: see them with --json');
  });
});

describe('health', () => {
  it.each([
    ['ok', true],
    ['note', true],
    ['warning', true],
    ['problem', false],
  ] as const)('%s: %s', (level, healthy) => {
    expect(isHealthy(examination(finding('rings', 'ok', 'x'), finding('rings', level, 'y')))).toBe(healthy);
  });
});
