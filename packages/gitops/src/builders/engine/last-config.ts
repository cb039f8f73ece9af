import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf, sha256 } from '../../oci/digest';
import { formatPlatform } from '../../oci/platform';
import type { BuildRequest } from '../builder';

/**
 * The configuration of the image that the engine built last, as the engine has it. Where it has built the same again,
 * and the output has the layers, nothing needs to be exported: the image's id is the configuration's digest.
 */
export class LastConfig {
  private readonly file: string;

  /** @param key names what is built */
  constructor(
    private readonly request: Pick<BuildRequest, 'scratch' | 'platform'>,
    key: string,
  ) {
    const name = hexOf(sha256(`${key} ${formatPlatform(request.platform)}`));
    this.file = join(request.scratch, `config-${name}.json`);
  }

  read(): Buffer | undefined {
    try {
      return readFileSync(this.file);
    } catch {
      return undefined;
    }
  }

  keep(config: Buffer): void {
    try {
      mkdirSync(this.request.scratch, { recursive: true });
      writeFileSync(this.file, config);
    } catch {
      // It only saves work.
    }
  }
}
