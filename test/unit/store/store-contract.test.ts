import { MemoryEngine } from '../../support/memory-engine.ts';
import { storeContract } from '../../support/store-contract.ts';

storeContract('in memory', async () => {
  const { level } = new MemoryEngine();
  return { engine: () => new MemoryEngine(level), remove: () => level.close() };
});
