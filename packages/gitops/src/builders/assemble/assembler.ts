import type { Builder } from '../builder';
import { refuseEngineWork } from '../needs-engine';
import { addLayers } from '../output';
import { writeImage } from '../write-image';
import { assemble } from './assemble';
import type { BaseImage } from './base-image';

/** Builds images by writing their layers: no engine, no root, and the same bytes wherever it is done. */
export const assembler: Builder = {
  async build(request) {
    const { containerfile, plan, layout, platform, labels, known, full } = request;
    refuseEngineWork(containerfile, plan);
    const assembled = await assemble(request);
    try {
      const { base } = assembled;
      const written = await writeImage(
        layout,
        assembled,
        platform,
        { ...labels, ...baseLabels(base) },
        known,
      );
      if (base && full) await addLayers(layout, await base.image.layers());
      return written;
    } finally {
      assembled.close();
    }
  },
};

/** OCI image specification, annotations.md. */
export function baseLabels(base: Pick<BaseImage, 'name' | 'digest'> | undefined): Record<string, string> {
  if (!base) return {};
  return {
    'org.opencontainers.image.base.name': base.name,
    'org.opencontainers.image.base.digest': base.digest,
  };
}
