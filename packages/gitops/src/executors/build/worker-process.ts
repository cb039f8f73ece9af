import { type ChildProcess, fork } from 'node:child_process';
import type { Assignment, Outcome } from './builds';
import type { Answer, Order } from './worker';

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Another process that builds images for this one, one at a time. */
export class WorkerProcess {
  private readonly process: ChildProcess;
  private readonly ended: Promise<void>;
  private asked: Asked | undefined;

  constructor(private readonly assignment: Assignment) {
    this.process = fork(require.resolve('./worker'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.process.on('message', (answer: Answer) => this.asked?.resolve(answer));
    this.ended = new Promise((resolve) => {
      const end = (why: string): void => {
        this.asked?.reject(new Error(`a process that builds images ended: ${why}`));
        resolve();
      };
      this.process.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
      this.process.on('error', ({ message }) => end(message));
    });
  }

  /** Resolves when it takes tasks. @throws Error where it ended instead */
  async ready(): Promise<void> {
    await this.ask({ assignment: this.assignment });
  }

  /**
   * @param task `project:target`
   * @returns what became of it; undefined where it needs an engine
   * @throws Error where the process ended before
   */
  async build(task: string): Promise<Outcome | undefined> {
    const answer = await this.ask({ task });
    return typeof answer === 'string' ? undefined : answer;
  }

  /** Ends it, with whatever it is building. */
  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.ended;
  }

  /** Lets it end, as it has nothing to do any more. */
  async close(): Promise<void> {
    if (this.process.connected) this.process.disconnect();
    await this.ended;
  }

  private ask(order: Order): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.asked = { resolve, reject };
      this.process.send(order, (error) => error && reject(error));
    });
  }
}
