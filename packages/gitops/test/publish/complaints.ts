import { GitopsError } from '../../src/support/errors';
import { FILES, type Shop, contents } from './fixture';

/** What is wrong with each image of which something is. */
interface Done {
  readonly failed: Readonly<Record<string, string>>;
}

/**
 * What a push or a promotion says that does not go well: of each image, or of all of them at once. Each is one line of our own.
 * @param secrets are in none of them
 */
export async function complaints(work: Promise<Done>, ...secrets: string[]): Promise<Record<string, string>> {
  const failed = await work.then(
    (done) => done.failed,
    (error: unknown) => {
      if (!(error instanceof GitopsError)) throw error;
      return { all: error.message };
    },
  );
  expect(failed).not.toEqual({});
  for (const message of Object.values(failed)) {
    expect(message).not.toMatch(/\n|\bat .*:\d+:\d+|Bearer|eyJ/);
    for (const secret of secrets) {
      const forms = [secret, Buffer.from(`ann:${secret}`).toString('base64')];
      for (const form of forms) expect(message).not.toContain(form);
    }
  }
  return failed;
}

/** What is said of the images that need a base that failed. */
export const NEEDS_BASE = {
  api: 'api/Containerfile:1: it needs base, which failed',
  web: 'web/Containerfile:1: it needs api, which failed',
  root: 'root/Containerfile:3: it needs api, which failed',
};

/** After what went wrong, the next push goes well, and nothing is lost. */
export async function succeeds(shop: Shop, entries = 1): Promise<void> {
  expect((await shop.push()).failed).toEqual({});
  expect((await shop.shelf.ledger()).entries).toBe(entries);
  expect(await shop.shelf.files('web')).toEqual(contents(FILES));
  for (const name of ['base', 'api', 'web', 'root'])
    expect(await shop.shelf.tags(name)).toEqual(expect.arrayContaining(['0.1.0', 'developers']));
}
