import { copyFileSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { succeed } from './process';
import type { Workspace } from './workspace';

/** What the script of a root image needs, apart from kubectl. */
const TOOLS = [
  'awk',
  'cat',
  'cp',
  'cut',
  'date',
  'dirname',
  'find',
  'grep',
  'mkdir',
  'mktemp',
  'mv',
  'printf',
  'rm',
];
const MORE = ['sed', 'sh', 'sha256sum', 'sleep', 'sort', 'tail', 'timeout', 'uname', 'diff'];

/** The programs that images of a shell and of kubectl are made of here, where no such image can be pulled. */
export const PROGRAMS = ['busybox', 'kubectl'];

/** What makes the images `tools` and `kubectl` of a workspace. */
export const FILES = {
  'apps/tools/Containerfile': [
    'FROM scratch',
    'COPY bin /bin',
    // Nobody else is to write there: it is made for the user of the root image.
    'USER 65532:65532',
    'WORKDIR /tmp',
    'USER 0:0',
    'ENV PATH=/bin:/usr/local/bin',
    '',
  ].join('\n'),
  'apps/kubectl/Containerfile': 'FROM scratch\nCOPY --chmod=755 kubectl /bin/\n',
};

/** Puts this machine's programs where the images take them from. */
export async function addPrograms(workspace: Workspace): Promise<void> {
  for (const [program, to] of [
    ['busybox', 'apps/tools/bin/busybox'],
    ['kubectl', 'apps/kubectl/kubectl'],
  ] as const) {
    const found = (await succeed('which', [program])).trim();
    mkdirSync(dirname(workspace.path(to)), { recursive: true });
    copyFileSync(realpathSync(found), workspace.path(to));
  }
  for (const tool of [...TOOLS, ...MORE]) workspace.link(`apps/tools/bin/${tool}`, 'busybox');
}
