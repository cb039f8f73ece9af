import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { unless } from '../support/available';
import { startDocker, whyNoEngine } from '../support/engines';
import { cases, type ParityCase } from './cases';
import { compare } from './compare';
import { fullContext, writeContext } from './context';
import { buildWithEngine, engineKnows, engineVersion } from './engine';
import { askDockerCli } from './sent';
import { hasTruth, type Recorded, recordedTruth, sentPaths, writeTruth } from './truth';

const mode = process.env.GITOPS_PARITY ?? '';

describe('the recorded truth', () => {
  it('has every case once', () => {
    const names = cases.map((c) => c.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    if (mode !== 'record') expect(names.filter((name) => !hasTruth(name))).toEqual([]);
  });

  it('fails where a case says so, and only there', () => {
    if (mode === 'record') return;
    const wrong = cases.filter((c) => {
      const { error } = recordedTruth(c);
      if (c.expectError === undefined || error === undefined) return (c.expectError ?? error) !== undefined;
      return c.expectError !== true && !c.expectError.test(error);
    });
    expect(wrong.map((c) => `${c.name}: ${recordedTruth(c).error ?? 'no error'}`)).toEqual([]);
  });
});

it('every context can be written to a disk as it is', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gitops-parity-'));
  try {
    for (const [index, c] of cases.entries()) {
      const root = path.join(dir, String(index));
      fs.mkdirSync(root);
      await writeContext(c, root);
      for (const [name, entry] of Object.entries(fullContext(c))) {
        const stats = fs.lstatSync(path.join(root, name));
        if (typeof entry === 'string') expect([name, stats.mode & 0o7777]).toEqual([name, 0o644]);
        else if ('mode' in entry) expect([name, stats.mode & 0o7777]).toEqual([name, entry.mode]);
        else if ('link' in entry) expect(stats.isSymbolicLink()).toBe(true);
      }
    }
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

const reason = mode === '' ? 'GITOPS_PARITY is not set' : whyNoEngine('docker');

unless(reason, 'the recorded truth against the engine itself', () => {
  const results: Recorded[] = [];
  const trouble: string[] = [];

  beforeAll(async () => {
    const docker = await startDocker();
    try {
      const queue = [...cases];
      const worker = async (): Promise<void> => {
        for (let c = queue.shift(); c; c = queue.shift()) {
          try {
            results.push(await ask(c, docker.socket));
          } catch (error) {
            trouble.push(`${c.name}: ${(error as Error).message}`);
          }
        }
      };
      await Promise.all([worker(), worker()]);
      const order = new Map(cases.map((c, index) => [c.name, index]));
      results.sort((a, b) => order.get(a.case.name)! - order.get(b.case.name)!);
      if (mode === 'record' && !trouble.length) writeTruth(await engineVersion(docker.socket), results);
    } finally {
      await docker.stop();
    }
  }, 600_000);

  it('answers', () => expect(trouble).toEqual([]));

  it.each(cases.map((c) => c.name))('%s', (name) => {
    const found = results.find((item) => item.case.name === name);
    if (found?.result) expect(compare(recordedTruth({ name }), found.result)).toEqual([]);
  });
});

async function ask(c: ParityCase, socket: string): Promise<Recorded> {
  if (c.needs !== undefined && !(await engineKnows(socket, c.needs))) return { case: c };
  const sent = await sentOf(c);
  if (sent && 'error' in sent) return { case: c, result: sent };
  return { case: c, sent, result: await buildWithEngine(c, { socket, builder: 'buildkit', sent }) };
}

async function sentOf(c: ParityCase): Promise<readonly string[] | { error: string } | undefined> {
  if (c.dockerignore === undefined) return undefined;
  if (mode !== 'record') return sentPaths(c) ?? { error: 'nothing is sent' };
  return askDockerCli(c);
}
