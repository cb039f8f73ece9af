import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { succeed } from './process';

export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/**
 * A registry on 127.0.0.1 that has one package, and sends everybody who asks for another one to the usual registry.
 * @param tarballs the versions of the package, the latest one last
 */
export async function startNpmRegistry(tarballs: readonly string[]): Promise<NpmRegistry> {
  const usual = (await succeed('npm', ['config', 'get', 'registry'])).trim();
  const manifests = await Promise.all(tarballs.map(readManifest));
  const { name, version: latest } = manifests.at(-1)!;
  const server = createServer(({ url: path = '/' }, response) => {
    const tarball = tarballs.find((file) => path === `/${name}/-/${basename(file)}`);
    if (tarball !== undefined) response.end(readFileSync(tarball));
    else if (path === `/${name}`) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: versions() }));
    } else response.writeHead(307, { location: new URL(path.slice(1), usual).href }).end();
  });
  const url = await listen(server);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function versions(): Record<string, unknown> {
    return Object.fromEntries(
      manifests.map((manifest, i) => {
        const file = tarballs[i]!;
        const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
        const dist = { tarball: `${url}/${name}/-/${basename(file)}`, integrity };
        return [manifest.version, { ...manifest, dist }];
      }),
    );
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

async function readManifest(tarball: string): Promise<Manifest> {
  for await (const entry of createReadStream(tarball).pipe(createGunzip()).pipe(extract())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (entry.header.name === 'package/package.json')
      return JSON.parse(Buffer.concat(chunks).toString()) as Manifest;
  }
  throw new Error(`${tarball} has no package.json`);
}
