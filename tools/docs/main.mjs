// Writes docs/reference from the package's schemas. With --check it writes nothing, and fails where a page is not fresh.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { executorsPage, generatorsPage } from './commands.mjs';
import { settingsPage } from './settings.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const source = join(root, 'packages/gitops');
const pages = { executors: executorsPage, generators: generatorsPage, settings: settingsPage };

const stale = [];
for (const [name, page] of Object.entries(pages)) {
  const file = join(root, 'docs/reference', `${name}.md`);
  const text = await format(`<!-- Written by npm run docs, from the schemas. -->\n\n${page(source)}`, {
    ...(await resolveConfig(file)),
    filepath: file,
  });
  if (text === readIfThere(file)) continue;
  stale.push(`docs/reference/${name}.md`);
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (!process.argv.includes('--check')) console.log(`written: ${stale.join(', ') || 'nothing, all is fresh'}`);
else if (stale.length > 0) {
  console.error(`${stale.join(', ')}: not as the schemas are; run npm run docs`);
  process.exitCode = 1;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
