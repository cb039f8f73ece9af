import { parseContainerfile } from '../../containerfile/parse';
import { checkFeatures } from './features';

const DOCKER_20 = {
  kind: 'docker',
  version: '20.10.24',
  buildkit: true,
  description: 'Docker 20.10.24',
} as const;
const DOCKER_28 = { ...DOCKER_20, version: '28.0.1' } as const;
const CLASSIC = { ...DOCKER_20, buildkit: false } as const;
const PODMAN_4 = { kind: 'podman', version: '4.3.1', buildkit: false, description: 'Podman 4.3.1' } as const;

function check(engine: Parameters<typeof checkFeatures>[0], text: string): void {
  const file = parseContainerfile(text, 'app/Containerfile');
  checkFeatures(
    engine,
    file,
    file.stages.flatMap(({ instructions }) => instructions),
  );
}

describe('checkFeatures', () => {
  it.each([
    ['RUN <<EOF\necho\nEOF', /:2: a here-document is not known to Docker 20/],
    ['RUN --mount=type=cache,target=/c true', /:2: RUN --mount is not known to Docker/],
    ['COPY --chmod=755 a b', /:2: --chmod is not known/],
    ['COPY --link a b', /:2: --link is not known/],
    ['COPY --parents a b', /:2: --parents is not known/],
    ['COPY --exclude=x a b', /:2: --exclude is not known.*; use Docker 23 or newer, or write it without/],
  ])('the classic builder: %s', (line, message) => {
    expect(() => check(CLASSIC, `FROM scratch\n${line}`)).toThrow(message);
    expect(() => check(DOCKER_28, `FROM scratch\n${line}`)).not.toThrow();
  });

  it('knows what BuildKit in 20.10 can', () => {
    check(DOCKER_20, 'FROM scratch\nCOPY --chmod=755 a b\nRUN --mount=type=cache,target=/c true');
    expect(() => check(DOCKER_20, 'FROM scratch\nCOPY --link a b')).toThrow(/:2: --link/);
    check(DOCKER_20, '# syntax=docker/dockerfile:1\nFROM scratch\nCOPY --link a b');
  });

  it('knows what Podman can', () => {
    check(PODMAN_4, 'FROM scratch\nCOPY --chmod=755 a b\nRUN --mount=type=cache,target=/c true');
    expect(() => check(PODMAN_4, 'FROM scratch\nRUN <<EOF\necho\nEOF')).toThrow(/use Podman 5 or newer/);
  });
});
