import { parseContainerfile } from '../../containerfile/parse';
import { planStages } from '../../containerfile/stages';
import { renameImages } from './rewrite';

const platform = { os: 'linux', architecture: 'amd64' };

function rename(text: string, names: Record<string, string>): string {
  const plan = planStages(parseContainerfile(text, 'Containerfile'), { platform });
  return renameImages(text, plan, ({ reference }) => names[reference]);
}

describe('renameImages', () => {
  const names = { 'shop/base': 'temporary:1', 'shop/tools:2': 'temporary:2' };

  it.each([
    ['FROM', 'FROM shop/base\n', 'FROM temporary:1\n'],
    [
      'FROM with a stage of the same name',
      'FROM shop/base AS base\nFROM base\n',
      'FROM temporary:1 AS base\nFROM base\n',
    ],
    ['FROM with a flag', 'FROM --platform=linux/amd64 shop/base', 'FROM --platform=linux/amd64 temporary:1'],
    ['FROM over lines', 'FROM \\\n  shop/base \\\n  AS x\n', 'FROM \\\n  temporary:1 \\\n  AS x\n'],
    ['a variable', 'ARG B=shop/base\nFROM ${B}\n', 'ARG B=shop/base\nFROM temporary:1\n'],
    ['another image', 'FROM alpine:3\n', 'FROM alpine:3\n'],
    ['a name that starts like it', 'FROM shop/base2\n', 'FROM shop/base2\n'],
    [
      'COPY --from',
      'FROM scratch\nCOPY --from=shop/tools:2 --chown=1 /a /b\n',
      'FROM scratch\nCOPY --from=temporary:2 --chown=1 /a /b\n',
    ],
    [
      'RUN --mount',
      'FROM scratch\nRUN --mount=type=bind,from=shop/base,target=/b --mount=type=cache,target=/c x from=shop/other\n',
      'FROM scratch\nRUN --mount=type=bind,from=temporary:1,target=/b --mount=type=cache,target=/c x from=shop/other\n',
    ],
    ['Windows line ends', 'FROM shop/base\r\nLABEL a=b\r\n', 'FROM temporary:1\r\nLABEL a=b\r\n'],
  ])('%s', (_name, text, expected) => {
    expect(rename(text, names)).toBe(expected);
  });
});
