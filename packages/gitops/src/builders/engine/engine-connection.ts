import { GitopsError } from '../../support/errors';
import { type Engine, connectEngine } from './connect/connect';
import { removeAbandoned } from './temporary';

/** There is no engine, or none that can be used. */
export class EngineUnavailable extends GitopsError {}

/** A connection to the engine, made when it is first needed, and shared by the builds of a run. */
export class EngineConnection {
  private connected: Promise<Engine> | undefined;

  /** @param announce told once which engine it is */
  constructor(private readonly announce: (line: string) => void) {}

  /** @throws EngineUnavailable */
  get(): Promise<Engine> {
    this.connected ??= this.connect();
    return this.connected;
  }

  private async connect(): Promise<Engine> {
    try {
      const engine = await connectEngine();
      this.announce(`engine: ${engine.description}${engine.buildkit ? ', BuildKit' : ''}`);
      // Nobody waits for it, or needs it to work.
      removeAbandoned(engine.docker).catch(() => undefined);
      return engine;
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      throw new EngineUnavailable(error.what, undefined, error.remedy);
    }
  }
}
