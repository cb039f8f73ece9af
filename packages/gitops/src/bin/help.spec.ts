import { COMMANDS } from './commands';
import { commandHelp, overview } from './help';
import { readSchema } from './schema';

const schemas = new Map(Object.keys(COMMANDS).map((name) => [name, readSchema(name)]));

describe('help', () => {
  it('names all commands', () => {
    expect(overview(schemas)).toBe(`Looks after the images of this workspace in its state store.

  gitops doctor  Examine the state store
  gitops prune   Prune the state store
  gitops rings   Show the rings

gitops <command> --help shows the options of a command.`);
  });

  it('of a command is what its schema says, in lines of some width', () => {
    expect(
      commandHelp('sample', {
        title: 'A sample',
        description: 'Does nothing.',
        properties: {
          json: { type: 'boolean', default: false, description: 'Print it as JSON.' },
          probe: { type: 'boolean', default: true, description: 'Try it out.' },
          days: { type: 'integer', default: 30, description: `Keep${' what is there'.repeat(6)}.` },
          ring: { type: 'string', description: 'Only this ring.' },
        },
      }),
    ).toBe(`gitops sample [options]

Does nothing.

  --json            Print it as JSON.
  --[no-]probe      Try it out. By default on.
  --days=<integer>  Keep what is there what is there what is there what is there what is there what
                    is there. By default 30.
  --ring=<string>   Only this ring.`);
  });

  it.each([...schemas])('of %s shows all options, and no long line', (name, schema) => {
    const lines = commandHelp(name, schema).split('\n');
    for (const option of Object.keys(schema.properties))
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  --(\\[no-\\])?${option}(=|  )`)));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
});
