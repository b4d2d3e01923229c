// `npm run bench -- NAME…`: prints figures, each beside its step; without a name, all of them.
import { api } from './api.ts';
import { board } from './board.ts';
import { controllers } from './controllers.ts';
import { dns } from './dns.ts';
import { failover } from './failover.ts';
import { footprint } from './footprint.ts';
import { podstart } from './podstart.ts';
import { proxy } from './proxy.ts';

const benches: Record<string, () => Promise<void>> = {
  footprint,
  podstart,
  board,
  api,
  controllers,
  dns,
  failover,
  proxy,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `error: no bench ${unknown.join(', ')}: there are ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(1);
}
for (const name of names) {
  process.stdout.write(`\n${name}\n`);
  await benches[name]?.();
}
