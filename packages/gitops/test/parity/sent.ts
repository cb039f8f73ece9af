import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { buffer } from 'node:stream/consumers';
import * as tar from 'tar-stream';
import type { ParityCase } from './cases';
import { fullContext, ignorefileName, writeContext } from './context';

/** The command line always sends the ignore file; a file of this name tells whether its rules would. */
const standIn = '.dockerignor-';

/**
 * Asks Docker's own command line which paths of a case's context its ignore file lets through: it talks to an
 * engine made of nothing that takes the tar and looks into it. Needs the `docker` program with the classic
 * builder.
 */
export async function askDockerCli(c: ParityCase): Promise<string[] | { error: string }> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gitops-sent-'));
  const socket = path.join(dir, 'engine.sock');
  const context = path.join(dir, 'context');
  let names: string[] | undefined;
  const server = http.createServer((request, response) => {
    response.setHeader('Api-Version', '1.41');
    response.setHeader('Ostype', 'linux');
    if (!request.url?.includes('/build')) {
      request.resume();
      response.end(request.url?.includes('_ping') ? 'OK' : '{"ApiVersion":"1.41","Os":"linux"}');
      return;
    }
    buffer(request)
      .then(async (bytes) => {
        names = await namesIn(bytes);
        response.setHeader('Content-Type', 'application/json');
        response.end('{"stream":"done"}\n');
      })
      .catch((error: Error) => response.destroy(error));
  });
  try {
    fs.mkdirSync(context);
    const renamed = (c.dockerignore ?? '').replaceAll(ignorefileName, standIn);
    await writeContext({ ...c, dockerignore: renamed, context: { ...c.context, [standIn]: '' } }, context);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: dir };
    const build = promisify(execFile)('docker', ['build', '-f', '-', context], { env, timeout: 20_000 });
    build.child.stdin?.end('FROM scratch\n');
    try {
      await build;
    } catch (error) {
      const fault = /error checking context: (.*)/.exec((error as Error).message)?.[1];
      if (fault === undefined) throw error;
      return { error: fault };
    }
    if (!names) throw new Error(`${c.name}: the command line sent no context`);
    const sent = names
      .map((name) => name.replace(/\/$/, ''))
      .filter((name) => name !== ignorefileName && !/^\.dockerfile\.[0-9a-f]+$/.test(name))
      .map((name) => (name === standIn ? ignorefileName : name));
    const known = new Set(Object.keys(fullContext(c)).flatMap((name) => withParents(name)));
    return sent.filter((name) => known.has(name)).sort();
  } finally {
    server.close();
    server.closeAllConnections();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

async function namesIn(bytes: Buffer): Promise<string[]> {
  const extract = tar.extract();
  // The command line leaves the last member without padding, and the tar without an end.
  extract.end(Buffer.concat([bytes, Buffer.alloc(1024 + ((512 - (bytes.length % 512)) % 512))]));
  const names: string[] = [];
  for await (const entry of extract) {
    names.push(entry.header.name);
    await buffer(entry);
  }
  return names;
}

function withParents(name: string): string[] {
  const parts = name.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
