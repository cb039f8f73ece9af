// All tests, one after the other. At the end it says what was left out, and why: a machine without a tool tests less,
// and must not look as if it had tested all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const directory = mkdtempSync(join(tmpdir(), 'gitops-test-'));
const leftOut = join(directory, 'left-out');
writeFileSync(leftOut, '');

const bin = (name, path) => join(dirname(require.resolve(`${name}/package.json`)), path);
const jest = bin('jest', 'bin/jest.js');
const given = process.argv.slice(2);
const steps = [
  ['types', bin('typescript', 'bin/tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['style', bin('eslint', 'bin/eslint.js'), ['.', '--max-warnings=0']],
  ['format', bin('prettier', 'bin/prettier.cjs'), ['--check', '--log-level=warn', '.']],
  ['unit and integration', jest, ['-c', 'packages/gitops/jest.config.cjs']],
  ['end to end', jest, ['-c', 'e2e/jest.config.cjs']],
].filter(([name]) => given.length === 0 || given.includes(name));

const results = steps.map(([name, program, args]) => {
  console.log(`\n=== ${name}`);
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [program, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', GITOPS_LEFT_OUT: leftOut },
  });
  return { name, passed: status === 0, seconds: Math.round((Date.now() - started) / 1000) };
});

const lines = [...new Set(readFileSync(leftOut, 'utf8').split('\n').filter(Boolean))].sort();
rmSync(directory, { recursive: true, force: true });
console.log(`\n=== left out\n${lines.length ? lines.join('\n') : 'nothing'}`);
console.log('\n=== steps');
for (const { name, passed, seconds } of results)
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
const failed = results.filter(({ passed }) => !passed);
console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length ? 1 : 0);
