import { inEachStore, useMachine } from './each-store';
import { FILES, Shop, change, contents } from './fixture';

const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const directory = useMachine();

inEachStore('pushes at the same time', directory, (newStore) => {
  let shop: Shop;
  beforeEach(async () => {
    shop = new Shop(directory(), newStore());
    await shop.push();
  });

  it('lands with that of others, who push another image at the same time', async () => {
    const clone = shop.clone().write(change('web', 1));
    shop.write({ 'root/root.txt': 'changed\n' });
    const { said } = await shop.push({ onCommit: () => clone.push({ images: ['web'] }) });
    expect(said['root']).toMatch(/^pushed 0\.1\.1 to developers, 1 layer \(/);
    expect(await shop.shelf.rings()).toMatchObject({ web: 'developers 0.1.1', root: 'developers 0.1.1' });
  });

  it('undoes nothing of others, who push from later sources: what was up to date at first is theirs', async () => {
    shop.write(change('web'));
    const later = shop.clone().write(change('base'));
    const { said } = await shop.push({ onCommit: () => later.push() });
    expect(said).toEqual({
      api: '0.1.1 is up to date in developers',
      base: '0.1.1 is up to date in developers',
      root: '0.1.1 is up to date in developers',
      web: '0.1.1 is up to date in developers',
    });
    expect((await shop.shelf.ledger()).entries).toBe(2);
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('base'), change('web')));
  });

  it.each(['onPlanned', 'onCommit'] as const)(
    'lands after that of others, who push another change of the same image: %s',
    async (when) => {
      const clone = shop.clone().write(change('web', 1));
      shop.write(change('web', 2));
      const { said } = await shop.push({ images: ['web'], [when]: () => clone.push({ images: ['web'] }) });
      expect(said['web']).toContain('pushed 0.1.2 to developers');
      expect(await shop.shelf.files('web', '0.1.1')).toEqual(contents(FILES, change('web', 1)));
      expect(await shop.shelf.files('web', '0.1.2')).toEqual(contents(FILES, change('web', 2)));
      expect(await shop.shelf.rings()).toMatchObject({ web: 'developers 0.1.2' });
    },
  );

  it('finds its change there, where others have pushed the same', async () => {
    shop.write(change('web'));
    const clone = shop.clone();
    const { said } = await shop.push({ onCommit: () => clone.push() });
    expect(said['web']).toBe('0.1.1 is up to date in developers');
    expect((await shop.shelf.ledger()).entries).toBe(2);
    expect(await shop.shelf.tags('web')).not.toContain('0.1.2');
  });

  it.each(['onPlanned', 'onCommit'] as const)(
    'is made anew, all the way up, where others push what it is made from: %s',
    async (when) => {
      const clone = shop.clone().write(change('base', 1));
      shop.write({ ...change('api', 2), ...change('web', 3) });
      const { said } = await shop.push({
        images: ['api', 'web'],
        [when]: () => clone.push({ images: ['base'] }),
      });
      expect(said['web']).toContain('pushed 0.1.1');
      expect(await shop.shelf.files('web')).toEqual(
        contents(change('base', 1), change('api', 2), change('web', 3)),
      );
      const [base, api, web] = await Promise.all(
        ['base', 'api', 'web'].map((name) => shop.shelf.image(name)),
      );
      expect(api!.labels[BASE_DIGEST]).toBe(base!.descriptor.digest);
      expect(web!.labels[BASE_DIGEST]).toBe(api!.descriptor.digest);
      expect(web!.layers[0]).toEqual(base!.layers[0]);
    },
  );
});
