import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decompress } from '../../src/oci/compression';
import { contentOf, readAll } from '../../src/oci/content';
import { compressLayer, gzip } from '../../src/oci/gzip';
import { createLayout } from '../../src/oci/layout';
import { OCI } from '../../src/oci/media-types';
import type { Content } from '../../src/oci/store';
import { blob, noise } from './fixtures';

const MIB = 1024 * 1024;
/** Half of it compresses. */
const BYTES = noise(3 * MIB + 12_345).map((byte, i) => (i & 0x8000 ? byte : i & 7)) as Buffer;
const zip = (...pieces: Buffer[]) => readAll(gzip(contentOf(...pieces)));

describe('gzip', () => {
  it('of any content in any pieces is the same, and gives the content back', async () => {
    const whole = new Map<number, Buffer>();
    const lengths = fc.oneof(
      fc.constantFrom(0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB),
      fc.nat({ max: BYTES.length }),
    );
    const property = fc.asyncProperty(
      lengths,
      fc.array(fc.nat({ max: BYTES.length })),
      async (length, cuts) => {
        const bytes = BYTES.subarray(0, length);
        const at = [0, ...cuts.filter((cut) => cut <= length).sort((a, b) => a - b), length];
        const zipped = await zip(...at.slice(1).map((end, i) => bytes.subarray(at[i], end)));
        expect(gunzipSync(zipped).equals(bytes)).toBe(true);
        if (!whole.has(length)) whole.set(length, await zip(bytes));
        expect(zipped.equals(whole.get(length)!)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });

  it('is read by our own and by other programs', async () => {
    const zipped = await zip(BYTES);
    expect((await readAll(decompress(contentOf(zipped), 'gzip', 'it'))).equals(BYTES)).toBe(true);
    const options = { input: zipped, maxBuffer: 2 * BYTES.length };
    expect(execFileSync('gzip', ['-dc'], options).equals(BYTES)).toBe(true);
    expect(zipped.length).toBeLessThan(0.6 * BYTES.length);
  });

  it('has members that stand alone, and say neither when nor where they were made', async () => {
    const [first, second] = [BYTES.subarray(0, MIB), BYTES.subarray(MIB, 2 * MIB)];
    const members = [await zip(first), await zip(second)];
    expect((await zip(first, second)).equals(Buffer.concat(members))).toBe(true);
    for (const member of members) {
      // RFC 1952, 2.3: magic, deflate, no flags, no time, whatever of the level, an unknown system.
      expect(member.subarray(0, 8).toString('hex')).toBe('1f8b080000000000');
      expect(member[9]).toBe(255);
    }
  });

  it('reads no further ahead than it compresses at once', async () => {
    let read = 0;
    let written = 0;
    let ended = false;
    const source = async function* (): Content {
      try {
        for (; read < 40; read++) yield Buffer.alloc(MIB, read);
      } finally {
        ended = true;
      }
    };
    for await (const member of gzip(source())) {
      expect(member.length).toBeLessThan(MIB);
      expect(read - written++).toBeLessThanOrEqual(6);
      if (written === 20) break;
    }
    expect(ended).toBe(true);
    expect(read).toBeLessThanOrEqual(26);
  });
});

describe('a layer', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'gitops-gzip-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const blobs = () => readdirSync(join(root, 'blobs/sha256'));

  it('is compressed into a layout', async () => {
    const layout = createLayout(root);
    const descriptor = await compressLayer(contentOf(BYTES), layout);
    expect(descriptor).toEqual(blob(await zip(BYTES), OCI.layerGzip).descriptor);
    expect(gunzipSync(await readAll(layout.open(descriptor))).equals(BYTES)).toBe(true);
    expect(blobs()).toHaveLength(1);
  });

  it('that cannot be read to its end leaves nothing', async () => {
    const broken = async function* (): Content {
      yield BYTES;
      throw new Error('no more');
    };
    await expect(compressLayer(broken(), createLayout(root))).rejects.toThrow('no more');
    expect(blobs()).toEqual([]);
  });

  it('is left where the signal says so, and leaves nothing', async () => {
    const stop = new AbortController();
    const stopping = async function* (): Content {
      for (let i = 0; i < 100; i++) {
        if (i === 10) stop.abort(new Error('enough'));
        yield BYTES;
      }
    };
    const compressing = compressLayer(stopping(), createLayout(root), { signal: stop.signal });
    await expect(compressing).rejects.toThrow('enough');
    expect(blobs()).toEqual([]);
  });
});
