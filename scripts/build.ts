// `npm run build [DIR]`: what ships, in dist/ or DIR: the programs, the files that they share or load when needed, and
// the one native package (LevelDB). Nothing else of node_modules is needed to run it.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));
const programs = ['edge-master', 'edge-agent', 'edgectl'];
/** Found by those who start them beside the code that does. */
const besides = [
  'src/proxy/proxy-worker.ts',
  'src/ingress/ingress-worker.ts',
  'src/kubelet/streams/loopback-program.ts',
];
/** Loads its prebuilt library from its own folder, so it cannot be bundled. */
const nativePackage = 'classic-level';

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [...programs.map((name) => `src/bin/${name}.ts`), ...besides].map((file) => ({
    in: join(root, file),
    out: basename(file, '.ts'),
  })),
  outdir: out,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // A package's ES modules rather than its CommonJS: what is not used is left out.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  external: [nativePackage],
  // Packages written for CommonJS call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  legalComments: 'linked',
  logLevel: 'warning',
});
await copyNative(nativePackage);
// Read when somebody asks for it, so it is not part of a program.
await cp(join(root, 'src/api/schema/descriptions.json.gz'), join(out, 'descriptions.json.gz'));
const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
await writeFile(
  join(out, 'package.json'),
  `${JSON.stringify({ name, version, license, type: 'module' }, null, 2)}\n`,
);

/** With what it needs to run on Linux, and without its C++ sources. */
async function copyNative(name: string): Promise<void> {
  const isNeeded = (path: string) =>
    !/\/(deps|src|binding\.gyp|prebuilds\/(android|darwin|win32)[^/]*)(\/|$)/.test(path);
  const queue = [name];
  const seen = new Set<string>();
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const source = join(root, 'node_modules', next);
    const from = source.length;
    await cp(source, join(out, 'node_modules', next), {
      recursive: true,
      filter: (path) => isNeeded(path.slice(from)),
    });
    const manifest = createRequire(import.meta.url)(join(source, 'package.json'));
    queue.push(...Object.keys(manifest.dependencies ?? {}));
  }
}
