import { spawn } from 'node:child_process';
import { GitopsError } from '../support/errors';

/** What a call of kubectl came to. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** Goes to its standard input. */
  readonly input?: string;
  /** Gets what it writes to its standard output, as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** A cluster, as kubectl sees it. */
export interface Kubectl {
  /** Runs it to its end, whatever that is. */
  call(args: readonly string[], options?: CallOptions): Promise<Called>;
}

/**
 * The cluster of a context of the kubeconfig, by the kubectl that is on the path.
 * @param context the current one by default
 */
export function kubectlOf(context?: string, env: NodeJS.ProcessEnv = process.env): Kubectl {
  const before = context === undefined ? [] : [`--context=${context}`];
  return {
    call: (args, { input, onOutput } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn('kubectl', [...before, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
        let stdout = '';
        let stderr = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          if (onOutput) onOutput(text);
          else stdout += text;
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        child.once('error', (error) => reject(notStarted(error)));
        child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
        // It may end before it has read everything.
        child.stdin.on('error', () => undefined);
        child.stdin.end(input ?? '');
      }),
  };
}

/**
 * Runs kubectl, which has to succeed.
 * @param what is wrong where it does not: `the namespace shop cannot be made`
 * @returns what it wrote to its standard output
 * @throws GitopsError that says why not
 */
export async function succeed(
  kubectl: Kubectl,
  args: readonly string[],
  what: string,
  options?: CallOptions,
): Promise<string> {
  const called = await kubectl.call(args, options);
  if (called.code !== 0) throw failure(what, called);
  return called.stdout;
}

/**
 * A resource as the cluster has it; undefined where there is none.
 * @param flags say how else it is to be shown
 * @throws GitopsError where it cannot be read
 */
export async function find<T>(
  kubectl: Kubectl,
  kind: string,
  name: string,
  namespace: string,
  ...flags: readonly string[]
): Promise<T | undefined> {
  const text = await succeed(
    kubectl,
    ['get', kind, name, '-n', namespace, '--ignore-not-found', '-o', 'json', ...flags],
    `${kind} ${name} in ${namespace} cannot be read`,
  );
  return text.trim() === '' ? undefined : (JSON.parse(text) as T);
}

/** The namespace that the context names; undefined where it names none. */
export async function contextNamespace(kubectl: Kubectl): Promise<string | undefined> {
  const { code, stdout } = await kubectl.call(['config', 'view', '--minify', '-o', 'jsonpath={..namespace}']);
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}

/** What kubectl says, and what to do about it: by what it says. */
const REASONS: readonly (readonly [says: RegExp, remedy: string])[] = [
  [
    /context .* does not exist|context was not found|cannot locate context/i,
    'correct the context of the site in gitops.yaml, or the kubeconfig',
  ],
  [
    /connection to the server .* was refused|no configuration has been provided|Unable to connect|dial tcp|no such host/i,
    'start the cluster, or name another context for the site in gitops.yaml',
  ],
  // Without credentials kubectl asks for a name and a password, and nobody answers.
  [/Unauthorized|must be logged in|provide credentials|^(error: )?EOF$/im, 'log in to the cluster'],
  [/namespaces "[^"]*" not found/i, 'deploy to it, which makes the namespace, or make it yourself'],
  // A quota and a policy forbid things too.
  [/forbidden: user/i, 'ask for the right to do so, or have somebody do it who may'],
];

/** One line of what went wrong. What kubectl shows of resources is no part of it where it says why. */
export function failure(what: string, { stdout, stderr }: Called): GitopsError {
  const text = stderr.trim() === '' ? stdout : stderr;
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/^E\d{4} .*"command failed" err=(?:"(.*)"|<)$/, '$1'))
    .filter((line) => line !== '' && !/^(W|I)\d{4} |^E\d{4} .*memcache|^Warning:|^>$/.test(line));
  const said = lines
    .slice(0, 3)
    .join(' ')
    .replace(/^(error|Error from server[^:]*): /i, '');
  const remedy = REASONS.find(([says]) => says.test(text))?.[1];
  return new GitopsError(said === '' ? what : `${what}: ${said}`, undefined, remedy);
}

function notStarted(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new GitopsError(
    'there is no kubectl on the path',
    undefined,
    'install it: https://kubernetes.io/docs/tasks/tools',
  );
}
