import { chooseBase } from './base';
import type { Kind } from './kind';

it.each<[Kind, string | undefined, string[], string]>([
  ['node', undefined, [], 'node:22-alpine'],
  ['node', undefined, ['api', 'static-base'], 'node:22-alpine'],
  ['node', undefined, ['base', 'node-base'], 'acme/shop/node-base'],
  ['node', undefined, ['base'], 'acme/shop/base'],
  ['static', undefined, ['base-static', 'base'], 'acme/shop/base-static'],
  ['static', undefined, [], 'nginxinc/nginx-unprivileged:1.28-alpine'],
  ['base', undefined, ['base'], 'scratch'],
  ['base', 'alpine:3.20', [], 'alpine:3.20'],
  ['base', 'common', ['common'], 'acme/shop/common'],
  ['scratch', undefined, ['base'], 'scratch'],
  ['scratch', 'scratch', [], 'scratch'],
  [
    'node',
    'localhost:5000/node@sha256:' + 'a'.repeat(64),
    ['base'],
    'localhost:5000/node@sha256:' + 'a'.repeat(64),
  ],
])('%s, given %s, in a workspace with %j: FROM %s', (kind, given, images, base) => {
  expect(chooseBase(kind, given, images, 'acme/shop')).toBe(base);
});
