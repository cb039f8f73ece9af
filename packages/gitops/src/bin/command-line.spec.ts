import { type Request, readOptions, readRequest } from './command-line';
import { COMMANDS } from './commands';
import { type Schema, readSchema } from './schema';

const SCHEMA: Schema = {
  title: '',
  description: '',
  properties: {
    json: { type: 'boolean', default: false, description: '' },
    probe: { type: 'boolean', default: true, description: '' },
    days: { type: 'integer', default: 30, minimum: 0, description: '' },
    offset: { type: 'integer', description: '' },
    ring: { type: 'string', description: '' },
  },
};
const DEFAULTS = { json: false, probe: true, days: 30 };

describe('a command line', () => {
  it.each<[string, Partial<Request>]>([
    ['', { wantsHelp: true }],
    ['help', { wantsHelp: true }],
    ['--help', { wantsHelp: true }],
    ['-h', { wantsHelp: true }],
    ['rings', { command: 'rings', wantsHelp: false }],
    ['rings --json --at=5', { command: 'rings', wantsHelp: false, args: ['--json', '--at=5'] }],
    ['help rings', { command: 'rings', wantsHelp: true }],
    ['rings --json --help', { command: 'rings', wantsHelp: true }],
    ['--help rings', { command: 'rings', wantsHelp: true }],
    // The name of a ring is nobody's business here.
    ['rings --ring=help', { command: 'rings', wantsHelp: false, args: ['--ring=help'] }],
  ])('`gitops %s`', (line, expected) => {
    expect(readRequest(words(line), ['doctor', 'rings'])).toMatchObject(expected);
  });

  it.each([
    ['ring', 'there is no command ring; did you mean rings?'],
    ['help docter', 'there is no command docter; did you mean doctor?'],
    ['hlep', 'there is no command hlep; did you mean help?'],
    ['promote', 'there is no command promote; use one of doctor, rings'],
    ['constructor', 'there is no command constructor; use one of doctor, rings'],
    ['--json', 'there is no command --json; use one of doctor, rings'],
  ])('`gitops %s` is a mistake', (line, message) => {
    expect(() => readRequest(words(line), ['doctor', 'rings'])).toThrow(message);
  });
});

describe('options', () => {
  it.each([
    ['', {}],
    ['--json', { json: true }],
    ['--json=true', { json: true }],
    ['--json=false', { json: false }],
    ['--no-json', { json: false }],
    ['--no-probe', { probe: false }],
    ['--days=0', { days: 0 }],
    ['--offset=-5', { offset: -5 }],
    ['--ring=testers', { ring: 'testers' }],
    ['--ring=a=b', { ring: 'a=b' }],
    ['--ring=--json', { ring: '--json' }],
    ['--ring=a --ring=b --no-json --json', { ring: 'b', json: true }],
  ])('%s', (line, expected) => {
    expect(readOptions(words(line), SCHEMA)).toEqual({ ...DEFAULTS, ...expected });
  });

  it('may have blanks and ends of lines in them', () => {
    expect(readOptions(['--ring=it broke\nagain'], SCHEMA)).toMatchObject({ ring: 'it broke\nagain' });
  });

  it.each([
    ['--jsn', 'unknown option --jsn; did you mean --json?'],
    ['--Json', 'unknown option --Json; did you mean --json?'],
    ['--no-prob', 'unknown option --no-prob; did you mean --no-probe?'],
    ['--wings=7', 'unknown option --wings; did you mean --ring?'],
    ['--no-days', 'unknown option --no-days; use one of --json, --probe, --days, --offset, --ring'],
    ['--toString', 'unknown option --toString; use one of --json, --probe, --days, --offset, --ring'],
    ['--ring', '--ring needs a value; write --ring=…'],
    ['--ring=', '--ring needs a value; write --ring=…'],
    ['--days', '--days needs a value; write --days=…'],
    ['--days=-1', '--days is a whole number of at least 0, not -1'],
    ['--days=1.5', '--days is a whole number of at least 0, not 1.5'],
    ['--days=0x10', '--days is a whole number of at least 0, not 0x10'],
    ['--offset=many', '--offset is a whole number, not many'],
    ['--json=yes', '--json is true or false, not yes; write --json or --no-json'],
    ['--json=', '--json is true or false, not nothing; write --json or --no-json'],
    ['--no-json=true', '--no-json takes no value; write --no-json or --json'],
    ['testers', 'testers is no option; write options as --name=value'],
    ['-j', '-j is no option; write options as --name=value'],
    ['--', '-- is no option; write options as --name=value'],
    ['--=5', '--=5 is no option; write options as --name=value'],
  ])('%s is a mistake', (line, message) => {
    expect(() => readOptions(words(line), SCHEMA)).toThrow(
      expect.objectContaining({ name: 'GitopsError', message }) as Error,
    );
  });
});

describe('the schemas of the commands', () => {
  it('have text in them that stays text, although to Nx it may be a number', () => {
    expect(readOptions(['--at=12', '--reason=7'], readSchema('rings'))).toMatchObject({
      at: '12',
      reason: '7',
    });
  });

  it.each(Object.keys(COMMANDS))('%s has nothing in it that would not be understood', (name) => {
    for (const property of Object.values(readSchema(name).properties)) {
      expect(['boolean', 'integer', 'string']).toContain(property.type);
      const known = ['type', 'description', 'default', 'minimum', 'x-priority'];
      expect(known).toEqual(expect.arrayContaining(Object.keys(property)));
    }
  });
});

function words(line: string): string[] {
  return line === '' ? [] : line.split(' ');
}
