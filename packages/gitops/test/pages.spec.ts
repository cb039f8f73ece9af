import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

const REPOSITORY = resolve(__dirname, '../../..');
const SOURCES = join(REPOSITORY, 'packages/gitops/src');

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const PAGES = [
  'README.md',
  ...readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

/** The blocks of a page in a language. */
function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text]) => text!,
  );
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading!));
}

describe.each(PAGES)('%s', (page) => {
  it('links to what there is', () => {
    const links = [...read(page).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', hash] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(REPOSITORY, target))) return true;
      return hash !== undefined && !anchors(target).includes(hash);
    });
    expect(broken).toEqual([]);
  });

  it('shows YAML and JSON that can be read', () => {
    for (const text of blocks(page, 'yaml'))
      expect(parseAllDocuments(text).flatMap((document) => document.errors ?? [])).toEqual([]);
    for (const text of blocks(page, 'json'))
      expect(() => JSON.parse(text.replace(/^\/\/.*$/gm, ''))).not.toThrow();
  });
});

it('docs/troubleshooting.md has messages that there are', () => {
  const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => readFileSync(join(SOURCES, path), 'utf8'))
    .join('\n');
  const headings = read('docs/troubleshooting.md')
    .split('\n')
    .filter((line) => line.startsWith('### `'))
    .flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, message]) => message!));
  expect(headings.length).toBeGreaterThan(15);
  const unknown = headings.filter((message) => {
    const parts = message
      .split('…')
      .map((part) => part.trim())
      .filter((part) => /\w{2,}/.test(part));
    return !parts.every((part) => sources.includes(part));
  });
  expect(unknown).toEqual([]);
});
