import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Files, writeFiles } from '../support/files';
import type { Order, Report, Verb } from './worker-process';

export type { Order, Report };

const living = new Set<Worker>();

/** For `afterEach`: no test leaves one behind. */
export async function killWorkers(): Promise<void> {
  await Promise.all([...living].map((worker) => worker.kill()));
}

/** A place to work: a checkout of the workspace, and what the machine keeps. */
export interface Desk {
  readonly root: string;
  /** For the locks of a machine. */
  readonly machine: string;
}

/** Makes a workspace of tiny images, each of one file that an {@link Order} is to write. */
export function makeDesk(
  directory: string,
  { store, machine, containerfiles }: { store: string; machine: string; containerfiles: Files },
): Desk {
  const root = writeFiles(directory, {
    'gitops.yaml': `project: acme/shop\nstore: ${store}\nrings: [developers, testers]\n`,
    ...containerfiles,
  });
  return { root, machine };
}

/** A process of its own that pushes and promotes the images of a workspace. */
export class Worker {
  private constructor(private readonly child: ChildProcess) {
    living.add(this);
  }

  static async start({ root, machine }: Desk): Promise<Worker> {
    const child = fork(join(__dirname, 'worker-process.ts'), [root], {
      execArgv: ['-r', require.resolve('@swc-node/register')],
      env: {
        ...process.env,
        XDG_CACHE_HOME: machine,
        NX_WORKSPACE_DATA_DIRECTORY: join(root, '.nx'),
        NX_DAEMON: 'false',
      },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker = new Worker(child);
    await once(child, 'message');
    return worker;
  }

  /** @returns what it says; undefined where it dies before that */
  push(order: Order): Promise<Report | undefined> {
    return this.tell('push', order);
  }

  promote(order: Order): Promise<Report | undefined> {
    return this.tell('promote', order);
  }

  private async tell(verb: Verb, order: Order): Promise<Report | undefined> {
    const ended = new AbortController();
    const { signal } = ended;
    const died = once(this.child, 'exit', { signal }).then(() => undefined);
    const said = once(this.child, 'message', { signal }).then(([report]) => report as Report);
    this.child.send([verb, order]);
    try {
      return await Promise.race([died, said]);
    } finally {
      ended.abort();
      for (const one of [died, said]) one.catch(() => undefined);
    }
  }

  /** Ends it, wherever it is. */
  async kill(): Promise<void> {
    living.delete(this);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
