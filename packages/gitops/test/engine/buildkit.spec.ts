import { setTimeout as sleep } from 'node:timers/promises';
import { BASE, busybox, type TestEngine, withEngine } from './fixture';

jest.setTimeout(60_000);

withEngine('docker', 'BuildKit through our own session', (engine) => {
  beforeAll(async () => {
    const id = await engine().buildkit({ text: BASE, files: busybox() });
    await engine().tag(id, 'base');
  });

  afterEach(async () => expect(await engine().leftovers()).toEqual([]));

  const run = (...lines: string[]) => ['FROM base:test', ...lines].join('\n');

  it('names the engine', () => {
    expect(engine().engine.description).toMatch(/^Docker \d+\.\d+\.\d+.* at unix:\/\/\/.*docker\.sock$/);
    expect(engine().engine).toMatchObject({ kind: 'docker', buildkit: true });
  });

  it('shows steps and their output', async () => {
    await engine().buildkit({ text: run('RUN echo one && sleep 0.2 && echo two >&2') });
    expect(engine().lines.map((line) => line.replace(/^#\d+ /, ''))).toEqual([
      expect.stringContaining('[1/2] FROM'),
      '[2/2] RUN echo one && sleep 0.2 && echo two >&2',
      '  one',
      '  two',
    ]);
  });

  it('gives the engine the files it asks for, with modes and links', async () => {
    const files = {
      'src/b-c/x': 'x',
      'src/b/run': { program: Buffer.from('#!/bin/sh\n') },
      'src/link': { link: 'b/run' },
      'other/large': Buffer.alloc(1_000_000),
    };
    await engine().buildkit({
      text: run(
        'COPY src /src',
        'RUN cd /src && stat -c "%n %a %u:%g" b-c/x b/run b && readlink link && find / -name large',
      ),
      files,
    });
    expect(output(engine())).toEqual(['b-c/x 644 0:0', 'b/run 755 0:0', 'b 755 0:0', 'b/run']);
    expect(sent(engine())).toBeLessThan(10_000);
  });

  it('sends large files whole', async () => {
    const files = { large: Buffer.alloc(20_000_000, 'abcdefg') };
    await engine().buildkit({ text: run('COPY large /', 'RUN wc -c < /large && head -c 9 /large'), files });
    expect(output(engine())).toEqual(['20000000', 'abcdefgab']);
  });

  it('sends only what changed since the last build', async () => {
    const files = { a: Buffer.alloc(1_000_000, 'a'), b: 'one' };
    const options = { sharedKey: 'changes' };
    await engine().buildkit({ text: run('COPY . /c/'), files, options });
    expect(sent(engine())).toBeGreaterThan(1_000_000);
    await engine().buildkit({
      text: run('COPY . /c/', 'RUN cat /c/b'),
      files: { ...files, b: 'two' },
      options,
    });
    expect(sent(engine())).toBeLessThan(1000);
    expect(output(engine())).toEqual(['two']);
  });

  it('takes names with commas and letters beyond ASCII', async () => {
    const files = { 'a, b': '1', 'ä.txt': '2', plain: '3' };
    await engine().buildkit({ text: run('COPY ["a, b", "plain", "/d/"]', 'RUN ls /d'), files });
    expect(output(engine())).toEqual(['a, b', 'plain']);
    await engine().buildkit({ text: run('COPY ä.txt /d/', 'RUN ls /d'), files });
    expect(output(engine())).toHaveLength(1);
  });

  it('follows links to what they need', async () => {
    const files = { 'real/file': 'content', link: { link: 'real' } };
    await engine().buildkit({ text: run('COPY link/file /d/', 'RUN cat /d/file'), files });
    expect(output(engine())).toEqual(['content']);
  });

  it('is not led astray by an ignore file that was applied already', async () => {
    const files = { '.dockerignore': '*', kept: 'kept' };
    await engine().buildkit({ text: run('COPY . /d/', 'RUN ls -A /d'), files });
    expect(output(engine())).toEqual(['.dockerignore', 'kept']);
  });

  it('mounts secrets, caches and stages', async () => {
    await engine().buildkit({
      text: [
        'FROM base:test AS other',
        'RUN echo bound > /bound',
        'FROM base:test',
        'RUN --mount=type=secret,id=token --mount=type=cache,target=/cache --mount=type=bind,from=other,target=/m cat /run/secrets/token /m/bound && ls -d /cache',
      ].join('\n'),
      options: { secret: async (id) => (id === 'token' ? Buffer.from('hidden\n') : undefined) },
    });
    expect(output(engine())).toEqual(['hidden', 'bound', '/cache']);
  });

  it('says where a secret is missing', async () => {
    const text = run('RUN true', 'RUN --mount=type=secret,id=token,required=true cat /run/secrets/token');
    await expect(engine().buildkit({ text })).rejects.toThrow(
      /^app\/Containerfile:3: .*token.*; give the secret in the target's option secrets$/,
    );
  });

  it('offers an SSH agent, and says where there is none', async () => {
    const text = run('RUN --mount=type=ssh,required=true test -S "$SSH_AUTH_SOCK" && echo there');
    await engine().buildkit({ text, options: { sshAgents: { default: '/run/agent.sock' } } });
    expect(output(engine())).toEqual(['there']);
    await expect(engine().buildkit({ text, query: { nocache: true } })).rejects.toThrow(
      /^app\/Containerfile:2: .*SSH_AUTH_SOCK/i,
    );
  });

  it('says which instruction failed, and keeps the end of its output', async () => {
    const text = run(
      'WORKDIR /w',
      'RUN echo fine',
      '',
      'RUN for i in $(seq 30); do echo line $i; done; \\',
      '  exit 7',
    );
    await expect(engine().buildkit({ text })).rejects.toThrow(
      /^app\/Containerfile:5: RUN for i in .* failed with exit code 7: line 30; see its output above$/,
    );
  });

  it.each([
    ['a source that is not there', 'COPY nothing /', /^app\/Containerfile(:2)?: .*nothing.* not found/],
    ['an unknown user', 'USER nobody\nRUN true', /^app\/Containerfile:3: .*nobody/],
  ])('explains %s', async (_what, line, message) => {
    await expect(engine().buildkit({ text: run(line) })).rejects.toThrow(message);
  });

  it('explains a base that cannot be found', async () => {
    await expect(engine().buildkit({ text: 'FROM gitops.invalid/none:1\nRUN true' })).rejects.toThrow(
      /gitops\.invalid.*; check the reference and that you are logged in/,
    );
  });

  it('waits for the bases before it says what to build', async () => {
    const bases = sleep(500).then(() => engine().tag('base:test', 'late'));
    await engine().buildkit({ text: 'FROM late:test\nRUN true', options: { bases } });
    await engine().engine.docker.getImage('late:test').remove();
  });

  it('fails with what went wrong with a base', async () => {
    const bases = sleep(500).then(() => Promise.reject(new Error('a broken base')));
    const started = engine().buildkit({ text: run('RUN true'), options: { bases } });
    await expect(started).rejects.toThrow('a broken base');
  });

  it('asks for the credentials of the registry that it needs, and of no other', async () => {
    const asked: string[] = [];
    const credentials = async (host: string) => void asked.push(host);
    const text = 'FROM gitops.invalid/none:1\nRUN true';
    await expect(engine().buildkit({ text, options: { credentials } })).rejects.toThrow();
    expect(asked.filter((host) => host !== 'gitops.invalid')).toEqual([]);
  });

  it('stops when it is told to, and the next build succeeds', async () => {
    const abort = new AbortController();
    const started = Date.now();
    setTimeout(() => abort.abort(), 500);
    await expect(engine().buildkit({ text: run('RUN sleep 30'), signal: abort.signal })).rejects.toThrow(
      /abort/i,
    );
    expect(Date.now() - started).toBeLessThan(10_000);
    await engine().buildkit({ text: run('RUN echo again') });
    expect(output(engine())).toEqual(['again']);
  });
});

function output(engine: TestEngine): string[] {
  return engine.events.flatMap((event) => (event.kind === 'output' ? [event.line] : []));
}

function sent(engine: TestEngine): number {
  const bytes = engine.events.flatMap((event) =>
    event.kind === 'transfer' && event.what.startsWith('transferring context') ? [event.current] : [],
  );
  return Math.max(0, ...bytes);
}
