import type { BlobSource } from './store';
import { contentNotFound } from './store-error';
import type { Descriptor } from './types';

/**
 * Several sources as one: what is asked for comes from the first that has it. An image whose own layers are in a layout
 * and whose base's layers are in a registry is read this way. Sources are asked in order: put the near ones first.
 */
export function chain(...sources: readonly BlobSource[]): BlobSource {
  const where = sources.map((source) => source.where).join(', ');
  const holderOf = async (descriptor: Descriptor, signal?: AbortSignal): Promise<BlobSource | undefined> => {
    for (const source of sources) if (await source.has(descriptor, { signal })) return source;
    return undefined;
  };
  return {
    where,
    has: async (descriptor, options) => (await holderOf(descriptor, options?.signal)) !== undefined,
    async *open(descriptor, options) {
      const holder = await holderOf(descriptor, options?.signal);
      if (!holder) throw contentNotFound(descriptor.digest, where);
      yield* holder.open(descriptor, options);
    },
  };
}
