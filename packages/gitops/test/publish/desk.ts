import type { RingsOptions } from '../../src/executors/rings/options';
import type { Desk } from '../../src/executors/rings/show';
import { RINGS } from './copies';
import type { Releases } from './releases';
import { SETTINGS, imageOf } from './workspaces';

type Work = (desk: Desk, options: RingsOptions) => Promise<void>;

/** What the actions of the executor `rings` work with, in a workspace that has the images api and new. */
export function deskOf({ ledger, repositoryOf }: Releases, print: (text: string) => void): Desk {
  return {
    root: '/nonexistent',
    settings: SETTINGS,
    rings: RINGS,
    ledger,
    repositoryOf,
    images: ['api', 'new'].map((name) => imageOf(name)),
    print,
  };
}

/** What is printed. */
export async function said(work: Work, releases: Releases, options: RingsOptions = {}): Promise<string> {
  const printed: string[] = [];
  await work(
    deskOf(releases, (text) => void printed.push(text)),
    options,
  );
  return printed.join('\n');
}

/** What is printed for programs. */
export async function saidJson(...[work, releases, options]: Parameters<typeof said>): Promise<unknown> {
  return JSON.parse(await said(work, releases, { ...options, json: true })) as unknown;
}

/** The lines of a table, with a blank between their cells. */
export function table(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/ +/g, ' '));
}
