import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayoutTree } from '../../src/oci/layout';
import { MemoryStore } from '../../src/oci/memory';
import { openRegistry } from '../../src/oci/registry';
import { whenAvailable } from '../support/available';
import { startDockerRegistry } from './docker-registry';
import type { RunningRegistry } from './docker-registry';
import { storeContract } from './store-contract';

describe('memory', () => {
  storeContract(() => new MemoryStore());
});

describe('a directory of layouts', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'gitops-layouts-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  storeContract(() => new LayoutTree(directory));
});

whenAvailable('docker-registry', 'a registry', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.stop());

  describe('by its host', () => storeContract(() => openRegistry(registry.host)));
  describe('below a prefix', () => storeContract(() => openRegistry(`${registry.host}/team`)));
});
