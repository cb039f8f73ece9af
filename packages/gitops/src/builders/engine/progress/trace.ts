import { decode } from '../session/protobuf';
import { STATUS_RESPONSE, type StatusResponse, type Timestamp } from './trace-messages';

/** One step of a build, numbered in the order in which steps are first heard of. */
export interface Step {
  readonly number: number;
  /** `[build 2/4] RUN npm ci`, `[internal] load build context`. */
  readonly name: string;
}

export type BuildEvent =
  | { readonly kind: 'started' | 'cached'; readonly step: Step }
  | { readonly kind: 'done'; readonly step: Step; readonly seconds: number }
  | { readonly kind: 'failed'; readonly step: Step; readonly error: string }
  | { readonly kind: 'canceled'; readonly step: Step }
  | {
      readonly kind: 'output';
      readonly step: Step;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  | {
      readonly kind: 'transfer';
      readonly step: Step;
      readonly what: string;
      readonly current: number;
      readonly total: number;
      readonly finished: boolean;
    }
  | { readonly kind: 'warning'; readonly text: string; readonly url?: string; readonly line?: number };

/** How much of a step's output is kept to be shown again when it fails. */
const TAIL = 20;
const STDERR = 2;

interface State {
  step: Step;
  phase: 'waiting' | 'started' | 'over';
  readonly tail: string[];
  /** The unfinished last line of each stream. */
  readonly partial: Record<'stdout' | 'stderr', string>;
}

/** The step that made a build fail. */
export interface FailedStep {
  readonly step: Step;
  readonly error: string;
  /** The last lines of its output. */
  readonly tail: readonly string[];
}

/** BuildKit's trace, message by message, as what happened: each thing is told once, however often it is reported. */
export class Trace {
  private readonly states = new Map<string, State>();
  private failure: FailedStep | undefined;
  private steps = 0;

  /** The step that failed first, if one did. */
  get failed(): FailedStep | undefined {
    return this.failure;
  }

  /** @param aux what came in a message with the id `moby.buildkit.trace`: a status in base64 */
  *take(aux: string): Generator<BuildEvent> {
    const status = decode(STATUS_RESPONSE, Buffer.from(aux, 'base64')) as StatusResponse;
    // Output comes before the end of its step, though both may be in one message.
    const over: [State, BuildEvent][] = [];
    for (const vertex of status.vertexes ?? []) {
      const state = this.state(vertex.digest, vertex.name);
      if (state.phase === 'over') continue;
      if (vertex.started && !vertex.cached && state.phase === 'waiting') {
        state.phase = 'started';
        this.number(state);
        yield { kind: 'started', step: state.step };
      }
      if (vertex.completed || vertex.error || vertex.cached) {
        state.phase = 'over';
        this.number(state);
        over.push([state, this.end(state, vertex)]);
      }
    }
    for (const log of status.logs ?? []) {
      yield* this.output(this.state(log.vertex), log.stream === STDERR ? 'stderr' : 'stdout', log.text);
    }
    for (const { id = '', vertex, current = 0, total = 0, completed } of status.statuses ?? []) {
      const { step } = this.state(vertex);
      yield { kind: 'transfer', step, what: id, current, total, finished: completed !== undefined };
    }
    for (const { short, url, ranges } of status.warnings ?? []) {
      const line = ranges?.[0]?.start?.line;
      yield { kind: 'warning', text: short?.toString() ?? '', ...(url && { url }), ...(line && { line }) };
    }
    for (const [state, event] of over) {
      yield* this.flush(state);
      if (event.kind === 'failed')
        this.failure ??= { step: event.step, error: event.error, tail: state.tail };
      yield event;
    }
  }

  private state(digest: string, name?: string): State {
    let state = this.states.get(digest);
    if (!state) {
      const partial = { stdout: '', stderr: '' };
      state = { step: { number: 0, name: name ?? '' }, phase: 'waiting', tail: [], partial };
      this.states.set(digest, state);
    }
    return state;
  }

  /** Only what runs gets a number: of a plan with many stages, many steps never do. */
  private number(state: State): void {
    if (state.step.number === 0) state.step = { ...state.step, number: ++this.steps };
  }

  private end({ step }: State, vertex: NonNullable<StatusResponse['vertexes']>[number]): BuildEvent {
    if (vertex.error) {
      return /context canceled/.test(vertex.error)
        ? { kind: 'canceled', step }
        : { kind: 'failed', step, error: vertex.error };
    }
    if (vertex.cached) return { kind: 'cached', step };
    return { kind: 'done', step, seconds: time(vertex.completed) - time(vertex.started ?? vertex.completed) };
  }

  private *output(state: State, stream: 'stdout' | 'stderr', text?: Buffer): Generator<BuildEvent> {
    const lines = (state.partial[stream] + (text?.toString() ?? '')).split('\n');
    state.partial[stream] = lines.pop()!;
    for (const line of lines) yield this.line(state, stream, line);
  }

  private *flush(state: State): Generator<BuildEvent> {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (state.partial[stream]) yield this.line(state, stream, state.partial[stream]);
      state.partial[stream] = '';
    }
  }

  private line(state: State, stream: 'stdout' | 'stderr', text: string): BuildEvent {
    // Of a line that was written over again and again, as by a progress bar, the last state counts.
    const line = text.replace(/\r+$/, '').replace(/^.*\r/, '');
    state.tail.push(line);
    if (state.tail.length > TAIL) state.tail.shift();
    return { kind: 'output', step: state.step, stream, line };
  }
}

function time({ seconds = 0, nanos = 0 }: Timestamp = {}): number {
  return seconds + nanos / 1e9;
}
