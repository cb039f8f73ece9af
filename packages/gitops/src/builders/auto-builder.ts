import { GitopsError } from '../support/errors';
import { assembler } from './assemble/assembler';
import type { BuildRequest, Builder } from './builder';
import { type EngineConnection, EngineUnavailable } from './engine/engine-connection';
import { NeedsEngine } from './needs-engine';
import type { WrittenImage } from './write-image';

/** Assembles what can be assembled; what cannot, goes to the engine. */
export class AutoBuilder implements Builder {
  /**
   * @param connection what `engine` builds by
   * @param explain told why an image goes to the engine
   */
  constructor(
    private readonly engine: Builder,
    private readonly connection: EngineConnection,
    private readonly explain: (line: string) => void,
  ) {}

  async build(request: BuildRequest): Promise<WrittenImage> {
    try {
      return await assembler.build(request);
    } catch (error) {
      if (!(error instanceof NeedsEngine)) throw error;
      await this.connection.get().catch((failure: unknown) => {
        throw failure instanceof EngineUnavailable ? withoutEngine(error, failure) : failure;
      });
      const { file, line } = error.place!;
      this.explain(`engine, ${error.reason} at ${file}:${line}`);
      return await this.engine.build(request);
    }
  }
}

function withoutEngine(need: NeedsEngine, failure: EngineUnavailable): GitopsError {
  return new GitopsError(
    `${need.what}: ${failure.what}`,
    need.place,
    [failure.remedy, need.remedy].filter(Boolean).join('; or '),
  );
}
