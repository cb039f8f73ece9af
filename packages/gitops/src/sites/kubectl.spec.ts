import { delimiter, join } from 'node:path';
import { whenAvailable } from '../../test/support/available';
import { readText, useDirectory, writeFiles } from '../../test/support/files';
import { ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { contextNamespace, failure, find, kubectlOf, succeed } from './kubectl';

const directory = useDirectory();

describe('the kubectl on the path', () => {
  /** One that is a shell script, in a directory that comes first on the path. */
  function scripted(script: string, context?: string) {
    writeFiles(directory(), { 'bin/kubectl': { content: `#!/bin/sh\n${script}`, mode: 0o755 } });
    const path = `${directory()}/bin${delimiter}${process.env['PATH']}`;
    return kubectlOf(context, { PATH: path, OUT: join(directory(), 'out') });
  }
  const note = 'printf "%s\\n" "$@" >"$OUT"\n';

  it('gets its arguments as they are, whatever is in them', async () => {
    const args = ['get', 'pods', '-o', 'jsonpath={.a}', 'a b', '$HOME', '`id`', ';', '*', ''];
    await scripted(note).call(args);
    expect(readText(directory(), 'out')).toBe(`${args.join('\n')}\n`);
  });

  it('gets the context before them, where there is one', async () => {
    await scripted(note, 'kind-demo').call(['version']);
    expect(readText(directory(), 'out')).toBe('--context=kind-demo\nversion\n');
  });

  it.each(['', 'apiVersion: v1\n', 'ü'.repeat(300_000)])('reads its standard input', async (input) => {
    const called = await scripted('cat').call(['apply', '-f', '-'], { input });
    expect(called.stdout === input).toBe(true);
  });

  it('may end before it has read its standard input', async () => {
    const called = await scripted('exit 3').call(['apply'], { input: 'x'.repeat(1_000_000) });
    expect(called.code).toBe(3);
  });

  it.each([
    ['exit 0', 0],
    ['exit 2', 2],
    ['kill -9 $$', 1],
  ])('ends as it does: %s', async (script, code) => {
    const call = scripted(`echo out; echo err >&2; ${script}`).call([]);
    expect(await call).toEqual({ code, stdout: 'out\n', stderr: 'err\n' });
  });

  it('tells what it says as it comes', async () => {
    const kubectl = scripted('printf one; until [ -e "$OUT" ]; do sleep 0.01; done; printf two');
    const heard: string[] = [];
    const onOutput = (text: string): void => {
      heard.push(text);
      // It goes on only when the first word was heard.
      writeFiles(directory(), { out: '' });
    };
    expect(await kubectl.call(['logs'], { onOutput })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(heard).toEqual(['one', 'two']);
  });

  it('cuts no letter in two', async () => {
    const kubectl = scripted("printf '\\303'; sleep 0.05; printf '\\274'");
    expect((await kubectl.call([])).stdout).toBe('ü');
  });

  it('has to be there', async () => {
    const call = kubectlOf(undefined, { PATH: directory() }).call(['version']);
    await expect(call).rejects.toThrow(
      /^there is no kubectl on the path; install it: https:\/\/kubernetes.io\//,
    );
  });
});

describe('what has to succeed', () => {
  it('gives what it says', async () => {
    expect(await succeed(new ScriptedKubectl({ version: '1.32' }), ['version'], 'no')).toBe('1.32');
  });

  it('is an error where it does not', async () => {
    const kubectl = new ScriptedKubectl({ version: { code: 1, stderr: 'error: broken\n' } });
    await expect(succeed(kubectl, ['version'], 'it cannot be asked')).rejects.toThrow(
      /^it cannot be asked: broken$/,
    );
  });

  it('finds a resource, or none', async () => {
    const kubectl = new ScriptedKubectl({ 'get job a': '{"status":{}}\n' });
    expect(await find(kubectl, 'job', 'a', 'shop')).toEqual({ status: {} });
    expect(await find(kubectl, 'job', 'b', 'shop')).toBeUndefined();
    expect(kubectl.commands[0]).toBe('get job a -n shop --ignore-not-found -o json');
  });

  it.each([
    ['shop\n', 'shop'],
    ['', undefined],
    [{ code: 1, stdout: 'shop' }, undefined],
  ])('the namespace of the context: %j', async (answer, namespace) => {
    expect(await contextNamespace(new ScriptedKubectl({ 'config view': answer }))).toBe(namespace);
  });
});

const MEMCACHE = 'E1125 23:29:28.608576   13843 memcache.go:265] "Unhandled Error" err="…refused"\n';
const START = 'start the cluster, or name another context for the site in gitops.yaml';
const CONTEXT = 'correct the context of the site in gitops.yaml, or the kubeconfig';
const RIGHT = 'ask for the right to do so, or have somebody do it who may';

describe('what kubectl says', () => {
  it.each<[string, said: string, line: string]>([
    [
      'no server',
      `${MEMCACHE}${MEMCACHE}The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n`,
      `The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?; ${START}`,
    ],
    [
      'no host',
      'Unable to connect to the server: dial tcp: lookup nowhere: no such host\n',
      `Unable to connect to the server: dial tcp: lookup nowhere: no such host; ${START}`,
    ],
    ['no context', 'error: context "x" does not exist\n', `context "x" does not exist; ${CONTEXT}`],
    [
      'no context, otherwise',
      'Error in configuration: context was not found for specified context: x\n',
      `Error in configuration: context was not found for specified context: x; ${CONTEXT}`,
    ],
    ['no context to view', 'error: cannot locate context x\n', `cannot locate context x; ${CONTEXT}`],
    [
      'who nobody knows',
      'error: You must be logged in to the server (Unauthorized)\n',
      'You must be logged in to the server (Unauthorized); log in to the cluster',
    ],
    ['no credentials', 'error: EOF\n', 'EOF; log in to the cluster'],
    [
      'who may not',
      'Error from server (Forbidden): namespaces is forbidden: User "jane" cannot create resource "namespaces"\n',
      `namespaces is forbidden: User "jane" cannot create resource "namespaces"; ${RIGHT}`,
    ],
    [
      'who may not grant',
      'Error from server (Forbidden): roles "x" is forbidden: user "jane" is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""]}\n',
      `roles "x" is forbidden: user "jane" is attempting to grant RBAC permissions not currently held: {APIGroups:[""]}; ${RIGHT}`,
    ],
    [
      'a quota, which no right helps against',
      'Error from server (Forbidden): jobs.batch "x" is forbidden: exceeded quota: few\n',
      'jobs.batch "x" is forbidden: exceeded quota: few',
    ],
    [
      'no namespace',
      'Error from server (NotFound): namespaces "shop" not found\n',
      'namespaces "shop" not found; deploy to it, which makes the namespace, or make it yourself',
    ],
    ['warnings', 'Warning: old\nW1125 10:00:00 x\nI1125 10:00:00 y\nerror: broken\n', 'broken'],
    ['kustomize', 'E1125 23:30:14.4   15105 run.go:72] "command failed" err="no a.yaml"\n', 'no a.yaml'],
    [
      'kustomize, in lines',
      'E1125 23:30:14.4   15105 run.go:72] "command failed" err=<\n\ttrouble\n\tmust be so\n >\n',
      'trouble must be so',
    ],
    ['many lines', 'error: 1\n2\n3\n4\n5\n', '1 2 3'],
  ])('%s', (_name, stderr, line) => {
    expect(failure('it fails', { code: 1, stdout: '', stderr }).message).toBe(`it fails: ${line}`);
  });

  it('may be nothing', () => {
    expect(failure('it fails', { code: 1, stdout: '', stderr: '' }).message).toBe('it fails');
  });

  it('may be on its standard output', () => {
    expect(failure('it fails', { code: 1, stdout: 'error: no\n', stderr: '' }).message).toBe('it fails: no');
  });

  it('is told without what it shows of resources', () => {
    const stdout = 'apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n';
    const { message } = failure('it fails', { code: 2, stdout, stderr: 'error: broken\n' });
    expect(message).toBe('it fails: broken');
  });
});

whenAvailable('kubectl', 'the real kubectl', () => {
  const kubectl = (context?: string, server = 'https://127.0.0.1:1') => {
    writeFiles(directory(), {
      config: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server } }],
        users: [{ name: 'u', user: { token: 'hunter2' } }],
        contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
        'current-context': 'here',
      }),
    });
    const home = directory();
    return kubectlOf(context, { PATH: process.env['PATH'], KUBECONFIG: join(home, 'config'), HOME: home });
  };

  it.each([
    ['a server that is not there', undefined, START],
    ['a context that is not there', 'nowhere', CONTEXT],
  ])('says what to do about %s, and no secret', async (_name, context, remedy) => {
    const error = await find(kubectl(context), 'job', 'a', 'shop').catch((reason: Error) => reason);
    expect((error as Error).message).toMatch(/^job a in shop cannot be read: \S.*; /);
    expect((error as Error).message).toContain(remedy);
    expect((error as Error).message).not.toMatch(/hunter2|\n|memcache/);
  });

  it('knows the namespace of a context', async () => {
    expect(await contextNamespace(kubectl('here'))).toBe('shop');
    expect(await contextNamespace(kubectl('nowhere'))).toBeUndefined();
  });
});
