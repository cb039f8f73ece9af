import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAll } from '../../src/oci/content';
import { imageFrom } from '../../src/oci/image';
import { LayoutTree, createLayout, openLayout } from '../../src/oci/layout';
import { whenAvailable } from '../support/available';
import { image, store } from './fixtures';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gitops-skopeo-'));
});
afterEach(() => rmSync(root, { recursive: true }));

whenAvailable('skopeo', 'skopeo', () => {
  const skopeo = (...args: string[]) =>
    execFileSync('skopeo', ['--insecure-policy', ...args], { stdio: 'pipe' });

  it('reads what we write', async () => {
    const fixture = image(['one', 'two']);
    await store(new LayoutTree(root).repository('acme/api'), fixture, '1.0.0');
    const raw = skopeo('inspect', '--raw', `oci:${root}/acme/api:1.0.0`);
    expect(raw.equals(fixture.manifest.bytes)).toBe(true);
    skopeo('copy', `oci:${root}/acme/api:1.0.0`, `dir:${root}/copy`);
  });

  it.each([
    ['as it is', []],
    ['in the form of the OCI', ['--format', 'oci']],
    ['in the form of Docker', ['--format', 'v2s2']],
  ])('writes what we read: %s', async (_, options) => {
    const fixture = image(['one', 'two']);
    await store(createLayout(join(root, 'ours')), fixture, '1.0.0');
    mkdirSync(join(root, 'theirs'));
    skopeo('copy', ...options, `oci:${root}/ours:1.0.0`, `dir:${root}/dir`);
    skopeo('copy', `dir:${root}/dir`, `oci:${root}/theirs:2.0.0`);
    const layout = openLayout(join(root, 'theirs'));
    const layers = await (await imageFrom(layout, (await layout.resolve('2.0.0'))!)).layers();
    expect(layers.map(({ diffId }) => diffId)).toEqual(fixture.diffIds);
    expect((await readAll(layers[1]!.uncompressed())).toString()).toBe('two');
  });

  it('writes what we read: without a tag', async () => {
    await store(createLayout(join(root, 'ours')), image(['one']), '1.0.0');
    skopeo('copy', `oci:${root}/ours:1.0.0`, `oci:${root}/theirs`);
    const [entry] = openLayout(join(root, 'theirs')).entries();
    expect(await (await imageFrom(openLayout(join(root, 'theirs')), entry!)).layers()).toHaveLength(1);
  });
});
