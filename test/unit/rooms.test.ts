// Holds the house together: reads every import and enforces the table of rooms as README.md shows it.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');

/** Which rooms a room may import, beside itself: the table of README.md. bin may import all. */
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const mayImport: Record<string, readonly string[]> = Object.fromEntries(
  [...readme.matchAll(/^\| `(\w+)` *\| ([a-z ]*)\|/gm)].map(([, room = '', rooms = '']) => [
    room,
    rooms.split(' ').filter((name) => name !== ''),
  ]),
);

/** Packages that only one room may know. */
const ownedPackages: Record<string, string> = {
  '@marcbachmann/cel-js': 'api',
  level: 'store',
  aedes: 'mqtt',
  mqtt: 'mqtt',
  '@peculiar/x509': 'pki',
  systeminformation: 'kubelet',
  commander: 'cli',
};

interface Import {
  file: string;
  room: string;
  target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"\n]+)['"]/g;
  const room = file.split(sep)[1] ?? '';
  return [...text.matchAll(pattern)].map((match) => ({ file, room, target: match[1] ?? '' }));
}

function violation({ file, room, target }: Import): string | undefined {
  if (room === 'bin') return undefined;
  if (target.startsWith('.')) {
    const path = relative(join(root, 'src'), join(root, dirname(file), target));
    const targetRoom = path.split(sep)[0] ?? '';
    const allowed = targetRoom === room || (mayImport[room] ?? []).includes(targetRoom);
    return allowed ? undefined : `${file} imports ${target}: ${room} may not know ${targetRoom}`;
  }
  const name = target.startsWith('@')
    ? target.split('/').slice(0, 2).join('/')
    : (target.split('/')[0] ?? '');
  const owner = ownedPackages[name];
  return owner && owner !== room ? `${file} imports ${target}: only ${owner} may` : undefined;
}

const files = globSync('src/**/*.ts', { cwd: root }).sort();

t.test('every source file lives in a room of the table', async (t) => {
  const strays = files.filter((file) => {
    const room = file.split(sep)[1] ?? '';
    return room !== 'bin' && !(room in mayImport);
  });
  t.same(strays, []);
});

t.test('every import keeps to the table of rooms', async (t) => {
  const violations = files.flatMap(importsOf).map(violation).filter(Boolean);
  t.same(violations, []);
});

t.test('an import that breaks the table is found', async (t) => {
  t.ok(violation({ file: 'src/store/x.ts', room: 'store', target: '../apiserver/server.ts' }));
  t.ok(violation({ file: 'src/gateway/x.ts', room: 'gateway', target: 'aedes' }));
  t.notOk(violation({ file: 'src/gateway/x.ts', room: 'gateway', target: '../mqtt/broker.ts' }));
});
