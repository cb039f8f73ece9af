import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Assignment, Builds, Outcome } from './builds';
import { WorkerProcess } from './worker-process';

/** Each process takes about 100 MB. */
const MOST = 4;
/** Milliseconds of work after which it can be told how long an image takes. */
const MEASURED = 500;
/** Milliseconds that an image has to take: to hand over what is up to date takes as long as to look at it. */
const EACH = 3;
/** Milliseconds of work left that are worth starting processes for. */
const WORTHWHILE = 3000;

/**
 * Whether there is enough left to do for other processes to take part.
 * @param busy milliseconds that it has taken so far, without those that were spent waiting
 * @param done how many images were built in them, up to date or not
 * @param left how many there still are
 */
export function isWorthwhile(busy: number, done: number, left: number): boolean {
  const each = busy / done;
  return busy > MEASURED && done > 0 && each > EACH && each * left > WORTHWHILE;
}

/**
 * Builds images in this process, and where there is much to do in others, on the other processors. Writing images is
 * work without waiting: one process does one at a time. Engines are this process's own affair.
 */
export class Crew implements Builds {
  private readonly start = performance.eventLoopUtilization();
  private readonly size: number;
  private readonly workers = new Set<WorkerProcess>();
  private readonly free: WorkerProcess[] = [];
  private readonly waiting: ((worker?: WorkerProcess) => void)[] = [];
  /** How many workers have taken up work. */
  private atWork = 0;
  private done = 0;
  private isStopped = false;

  /**
   * @param own builds in this process
   * @param tasks how many there are to build
   * @param concurrency how many are built at once
   * @param pays whether others are to take part
   */
  constructor(
    private readonly own: Builds,
    private readonly assignment: Assignment,
    private readonly tasks: number,
    concurrency: number,
    private readonly pays: typeof isWorthwhile = isWorthwhile,
  ) {
    this.size = Math.min(concurrency, availableParallelism(), MOST);
  }

  async build(task: string): Promise<Outcome> {
    if (this.isTime()) this.hire();
    const worker = await this.take();
    const outcome = worker && (await this.buildBy(worker, task));
    if (outcome) return outcome;
    try {
      return await this.own.build(task);
    } finally {
      this.done++;
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.letGo();
    await Promise.all([this.own.stop(), ...[...this.workers].map((worker) => worker.stop())]);
  }

  async close(): Promise<void> {
    await Promise.all([this.own.close(), ...[...this.workers].map((worker) => worker.close())]);
  }

  private isTime(): boolean {
    if (this.isStopped || this.size < 2 || this.workers.size > 0) return false;
    const { active } = performance.eventLoopUtilization(this.start);
    return this.pays(active, this.done, this.tasks - this.done);
  }

  /** Until they are ready, the work goes on here. */
  private hire(): void {
    while (this.workers.size < this.size) {
      const worker = new WorkerProcess(this.assignment);
      this.workers.add(worker);
      worker.ready().then(
        () => {
          this.atWork++;
          this.give(worker);
        },
        () => undefined,
      );
    }
  }

  /** A worker, as soon as one is free; undefined where there is none to wait for. */
  private take(): Promise<WorkerProcess | undefined> | WorkerProcess | undefined {
    if (this.isStopped || this.atWork === 0) return undefined;
    return this.free.pop() ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  private give(worker: WorkerProcess): void {
    const next = this.waiting.shift();
    if (next) next(worker);
    else this.free.push(worker);
  }

  private letGo(): void {
    for (const next of this.waiting.splice(0)) next();
  }

  private async buildBy(worker: WorkerProcess, task: string): Promise<Outcome | undefined> {
    try {
      const outcome = await worker.build(task);
      this.give(worker);
      return outcome;
    } catch (error) {
      if (--this.atWork === 0) this.letGo();
      // Stopped as it is, this process says so.
      if (this.isStopped) return undefined;
      return { success: false, log: `a fault in gitops: ${(error as Error).message}\n` };
    }
  }
}
