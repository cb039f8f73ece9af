import { PassThrough } from 'node:stream';
import { type Asked, ask } from './ask';

/** A terminal where somebody types, a line for each question. */
function terminal(lines: readonly string[], env: Record<string, string> = {}, isTTY = true) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const left = [...lines];
  let shown = '';
  stdout.on('data', (text: Buffer) => {
    shown += String(text);
    if (/\) $/.test(String(text)) && left.length > 0) stdin.write(`${left.shift()}\n`);
  });
  const asked = { stdin: Object.assign(stdin, { isTTY }), stdout: Object.assign(stdout, { isTTY }), env };
  return { asked: asked as unknown as Asked, shown: () => shown };
}

it('asks until the answer is one of the choices', async () => {
  const { asked, shown } = terminal(['d', ' testers ']);
  await expect(ask('Which ring?', ['developers', 'testers'], asked)).resolves.toBe('testers');
  expect(shown().match(/Which ring\? \(developers, testers\) /g)).toHaveLength(2);
});

it.each([
  ['who wants no questions', terminal([], { NX_INTERACTIVE: 'false' })],
  ['in CI', terminal([], { CI: 'true' })],
  ['without a terminal', terminal([], {}, false)],
])('asks nobody %s', async (_, { asked, shown }) => {
  await expect(ask('Which ring?', ['testers'], asked)).resolves.toBeUndefined();
  expect(shown()).toBe('');
});
