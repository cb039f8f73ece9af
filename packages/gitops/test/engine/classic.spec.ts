import { BASE, busybox, type Files, onDisk, type TestEngine, withEngine } from './fixture';

jest.setTimeout(60_000);

describe('building without a session', () => {
  for (const kind of ['docker', 'podman'] as const) {
    withEngine(kind, 'the classic builder', (engine) => {
      const lines: string[] = [];
      const build = (text: string, files: Files = {}) => buildOnDisk(engine(), text, files, lines);

      beforeAll(async () => engine().tag(await build(BASE, busybox()), 'base'));
      beforeEach(() => (lines.length = 0));
      afterEach(async () => expect(await engine().leftovers()).toEqual([]));

      it('gives files fixed owners and modes, and hides its own', async () => {
        await build('FROM base:test\nCOPY . /d/\nRUN cd /d && stat -c "%n %a %u:%g" $(find . | sort)', {
          'a/run': { program: Buffer.from('#!/bin/sh\n') },
          'a/file': 'x',
          link: { link: 'a' },
        });
        expect(lines.filter((line) => line.startsWith('.'))).toEqual([
          '. 755 0:0',
          './a 755 0:0',
          './a/file 644 0:0',
          './a/run 755 0:0',
          './link 777 0:0',
        ]);
      });

      it('says which instruction failed', async () => {
        const text = 'FROM base:test\nENV A=b\n\nRUN echo about to fail && exit 7';
        await expect(build(text)).rejects.toThrow(
          /^app\/Containerfile:4: RUN echo about to fail && exit 7 failed with exit code 7: about to fail; see its output above$/,
        );
      });

      it('explains a source that is not there', async () => {
        await expect(build('FROM base:test\nCOPY nothing /')).rejects.toThrow(
          /^app\/Containerfile:2: .*nothing/,
        );
      });
    });
  }
});

async function buildOnDisk(engine: TestEngine, text: string, files: Files, lines: string[]) {
  const { root, tree, remove } = onDisk(files);
  try {
    return await engine.classic(root, tree, text, (line) => lines.push(line));
  } finally {
    remove();
  }
}
