import type { Builder } from '../builder';
import { baseLabels } from '../labels';
import { engineWork } from '../needs-engine';
import { addLayers } from '../output';
import { writeImage } from '../write-image';
import { assemble } from './assemble';

/** Builds images by writing their layers: no engine, no root, and the same bytes wherever it is done. */
export const assembler: Builder = {
  async build(request) {
    const { containerfile, plan, layout, platform, known, full, signal } = request;
    const work = engineWork(containerfile, plan);
    if (work) throw work;
    const assembled = await assemble(request);
    try {
      const { base } = assembled;
      const written = await writeImage(
        layout,
        assembled,
        platform,
        () => ({ ...request.labels, ...baseLabels(base) }),
        known,
        signal,
      );
      if (base && full) await addLayers(layout, await base.image.layers(), signal);
      return written;
    } finally {
      assembled.close();
    }
  },
};
