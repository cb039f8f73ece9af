import type { Readable } from 'node:stream';
import type { Extract } from 'tar-stream';

/** A regular file of an archive; its bytes have to be taken before the next file is asked for. */
export interface ArchivedFile {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Buffer>;
}

/** The files of a tar stream, one after the other, as somebody asks for them. */
export class ArchiveReader {
  private readonly archive: Extract;
  private readonly entries: ReturnType<Extract[typeof Symbol.asyncIterator]>;

  constructor(private readonly source: Readable) {
    // Loaded where it is used: most builds have no need of it.
    const { extract } = require('tar-stream') as typeof import('tar-stream');
    this.archive = extract();
    source.on('error', (error) => this.archive.destroy(error));
    source.on('aborted', () => this.archive.destroy(new Error('the archive is cut off')));
    source.pipe(this.archive);
    this.entries = this.archive[Symbol.asyncIterator]();
  }

  /** The next regular file; undefined at the end. */
  async next(): Promise<ArchivedFile | undefined> {
    for (;;) {
      const { value: entry, done } = await this.entries.next();
      if (done) return undefined;
      const { name, type, size } = entry.header;
      if (type === 'file' || type === 'contiguous-file') {
        return { name: clean(name), size: size ?? 0, bytes: entry as unknown as AsyncIterable<Buffer> };
      }
      entry.resume();
    }
  }

  /** The file of that name, which has to come after the last one found; undefined where it does not. */
  async find(name: string): Promise<ArchivedFile | undefined> {
    const wanted = clean(name);
    for (let file = await this.next(); file; file = await this.next()) {
      if (file.name === wanted) return file;
      for await (const _skipped of file.bytes);
    }
    return undefined;
  }

  /** Stops reading; the engine stops sending. */
  close(): void {
    this.source.destroy();
    this.archive.destroy();
  }
}

/** `./usr/bin/` → `usr/bin`. */
function clean(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
