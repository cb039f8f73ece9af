import * as fs from 'node:fs';
import * as http from 'node:http';
import { unless } from './available';
import { type Engine, startEngine, startRegistry, whyNoEngine } from './engines';

jest.setTimeout(60_000);

for (const kind of ['docker', 'podman', 'registry'] as const)
  unless(whyNoEngine(kind), `a private ${kind}`, () => {
    it('answers, is started once, and leaves nothing', async () => {
      const engine = await startEngine(kind);
      try {
        expect(await status(engine)).toBe(200);
        const again = await startEngine(kind, { dir: engine.dir });
        expect(again.env).toEqual(engine.env);
      } finally {
        await engine.stop();
      }
      expect(await status(engine)).toBeUndefined();
      expect(fs.existsSync(engine.dir)).toBe(false);
      await engine.stop();
    });
  });

unless(whyNoEngine('registry'), 'a registry with a password', () => {
  it('asks for it', async () => {
    const engine = await startRegistry({ user: 'ann', password: 'a secret' });
    try {
      expect(await status(engine)).toBe(401);
      expect(await status(engine, 'ann:wrong')).toBe(401);
      expect(await status(engine, 'ann:a secret')).toBe(200);
    } finally {
      await engine.stop();
    }
  });
});

/** What a request to the engine is answered with; undefined if nobody answers. */
function status(engine: Engine, auth?: string): Promise<number | undefined> {
  const target = engine.socket
    ? { socketPath: engine.socket, path: '/_ping' }
    : { host: '127.0.0.1', port: engine.host.split(':')[1], path: '/v2/', ...(auth ? { auth } : {}) };
  return new Promise((resolve) => {
    const request = http.get({ ...target, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', () => resolve(undefined));
  });
}
