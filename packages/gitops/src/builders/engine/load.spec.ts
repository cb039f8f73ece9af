import type { Image } from '../../oci/image';
import type { Engine } from './connect/connect';
import { nameImage } from './load';

const image = { rawConfig: async () => Buffer.from('{}') } as unknown as Image;
const NAME = { repo: 'shop/api', tag: 'developers' };

/** An engine that has the image, and has lost its name so many times. */
function losing(kind: 'docker' | 'podman', losses: number) {
  let given = 0;
  const getImage = () => ({
    tag: async () => void given++,
    inspect: async () => {
      if (given <= losses) throw Object.assign(new Error('no such image'), { statusCode: 404 });
    },
  });
  return { engine: { kind, docker: { getImage } } as unknown as Engine, given: () => given };
}

describe('a name that Podman loses, as another one was given at that moment', () => {
  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
  ])('%i times is given %i times', async (losses, times) => {
    const { engine, given } = losing('podman', losses);
    await nameImage(engine, image, NAME);
    expect(given()).toBe(times);
  });

  it('is said where that does not help', async () => {
    const { engine, given } = losing('podman', 3);
    await expect(nameImage(engine, image, NAME)).rejects.toThrow(
      'the engine does not keep the name shop/api:developers; run it again',
    );
    expect(given()).toBe(3);
  });

  it('is not looked for in Docker', async () => {
    const { engine, given } = losing('docker', 3);
    await nameImage(engine, image, NAME);
    expect(given()).toBe(1);
  });
});
