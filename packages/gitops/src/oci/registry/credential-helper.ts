import { spawn } from 'node:child_process';
import type { FoundCredentials } from './credentials';

const TIMEOUT_MS = 60_000;

/**
 * Asks `docker-credential-<helper> get` (docker/docker-credential-helpers), with the registry on its standard input.
 * A helper that is missing or fails is no error: the registry may not need credentials. What it prints is never shown.
 */
export async function askHelper(
  helper: string,
  registry: string,
  env: NodeJS.ProcessEnv,
): Promise<FoundCredentials> {
  // The name comes from a file and becomes the name of a program.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) return { note: `"${helper}" is not a credential helper` };
  const program = `docker-credential-${helper}`;
  const { code, output, problem } = await run(program, registry, env);
  if (problem) return { note: `${program} ${problem}` };
  if (code !== 0) {
    return /credentials not found/i.test(output) ? {} : { note: `${program} failed with exit code ${code}` };
  }
  try {
    const { Username: username, Secret: secret } = JSON.parse(output) as Record<string, unknown>;
    if (typeof username !== 'string' || typeof secret !== 'string' || !secret) return {};
    return {
      credentials:
        username === '<token>'
          ? { kind: 'identity-token', token: secret }
          : { kind: 'password', username, password: secret },
    };
  } catch {
    return { note: `${program} did not answer in JSON` };
  }
}

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly problem?: string;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'is not on PATH',
  ABORT_ERR: 'does not answer',
};

function run(program: string, input: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    // Not spawn's own timeout: of a program that cannot be started its timer would go on, and keep Node running.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], signal });
    let output = '';
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: null, output: '', problem: PROBLEMS[error.code ?? ''] ?? 'cannot be run' }),
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    // A helper may answer without reading what it is asked.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('close', (code, by) =>
      resolve({ code, output, ...(by ? { problem: `was stopped by ${by}` } : {}) }),
    );
  });
}
