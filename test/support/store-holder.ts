// A process that holds a store open until it is killed. Argument: the data directory.
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { LevelStore } from '../../src/store/level-store.ts';

const store = new LevelStore({
  engine: new DiskEngine({ directory: process.argv[2] as string }),
  onFatal: (error) => {
    throw error;
  },
});
await store.start();
process.stdout.write('open\n');
setInterval(() => {}, 1_000);
