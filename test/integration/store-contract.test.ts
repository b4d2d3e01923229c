import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { storeContract } from '../support/store-contract.ts';

storeContract('on disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-store-'));
  return {
    engine: () => new DiskEngine({ directory }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
});
