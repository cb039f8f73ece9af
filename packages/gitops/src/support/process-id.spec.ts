import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fateOf, isRunning, machine, processId } from './process-id';

const onLinux = existsSync('/proc/self/stat') ? it : it.skip;

it('tells whether a process runs', () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  expect([process.pid, pid].map(isRunning)).toEqual([true, false]);
  expect(fateOf(processId())).toBe('running');
  expect(fateOf(`${machine()}-${pid}-1`)).toBe('gone');
});

it('cannot tell what runs on another machine', () => {
  expect(fateOf(processId().replace(machine(), '00000000'))).toBe('elsewhere');
});

it.each(['', 'x', '1', `${'0'.repeat(8)}-0-1`, `${'0'.repeat(8)}--1-1`, `${'0'.repeat(8)}-1`])(
  'does not take %j for a process',
  (text) => expect(fateOf(text)).toBeUndefined(),
);

onLinux('tells a process from an earlier one with the same number', () => {
  expect(fateOf(`${machine()}-${process.pid}-1`)).toBe('gone');
  // Where the start is not known, the number has to do.
  expect(fateOf(`${machine()}-${process.pid}-`)).toBe('running');
});

onLinux('takes a process that has ended for gone, also where nobody has taken note of it', async () => {
  // A shell that becomes another program, which waits for no child.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  for (let i = 0; i < 100 && fateOf(`${machine()}-${pid}-`) === 'running'; i++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const found = [isRunning(pid), fateOf(`${machine()}-${pid}-`)];
  parent.kill();
  await once(parent, 'exit');
  expect(found).toEqual([true, 'gone']);
});
