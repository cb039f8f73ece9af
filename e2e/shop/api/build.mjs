// Makes of the products what the API serves: a list, and a file for each.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const products = readdirSync('products')
  .sort()
  .map((file) => ({
    id: basename(file, '.json'),
    ...JSON.parse(readFileSync(join('products', file), 'utf8')),
  }));

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/products', { recursive: true });
writeFileSync('dist/products.json', JSON.stringify(products));
for (const product of products) writeFileSync(`dist/products/${product.id}.json`, JSON.stringify(product));
