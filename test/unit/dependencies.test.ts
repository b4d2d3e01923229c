// `npm start` installs without what is for development only, so what src loads must not be declared as that.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Packages that a file loads while it runs; types are stripped before. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^import type [^;]*;/gm, '');
  const names = [...text.matchAll(/(?:\bfrom |\bimport\(|^import )'([^'.\s][^'\s]*)'/gm)].map(
    (match) => match[1] ?? '',
  );
  return names
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

t.test('every package that src loads is installed with the product', async (t) => {
  const loaded = new Set(globSync('src/**/*.{ts,js}', { cwd: root }).flatMap(loadedBy));
  t.ok(loaded.size > 5, 'packages were found at all');
  t.same([...loaded].filter((name) => !(name in manifest.dependencies)).sort(), []);
});

t.test('nothing is installed with the product that src does not load', async (t) => {
  const loaded = new Set(globSync('src/**/*.{ts,js}', { cwd: root }).flatMap(loadedBy));
  t.same(
    Object.keys(manifest.dependencies).filter((name) => !loaded.has(name)),
    [],
  );
});
