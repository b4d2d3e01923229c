// What README.md and its companions tell people to type or to open is there: scripts, files, programs, verbs, flags.
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { USAGE as conformanceUsage } from '../conformance/arguments.ts';
import { USAGE as newerPodmanUsage } from '../newer-podman/arguments.ts';
import { run } from './cli/run.ts';

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', 'CHANGELOG.md', ...globSync('{docs,firmware-images}/*.md', { cwd: root })];
const units = globSync('systemd/*.service', { cwd: root });
const programs = ['edgectl', 'edge-master', 'edge-agent', 'npm start'] as const;
type Program = (typeof programs)[number];

/** Flags of programs that are not ours. */
const foreignFlags = [
  '--max-semi-space-size',
  '--heap-growing-percent',
  '--memory-saver-mode',
  '--single-threaded-gc',
  '--optimize-for-size',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
];

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function matchesIn(files: readonly string[], pattern: RegExp): { file: string; found: string }[] {
  return files.flatMap((file) =>
    [...textOf(file).matchAll(pattern)].map((match) => ({ file, found: match[1] ?? '' })),
  );
}

/** What each program prints for `--help`, asked once. */
const printed = new Map<Program, Promise<{ stdout: string }>>();

/** The help of a program or, of edgectl, that of a verb. */
async function help(program: Program, verb: readonly string[] = []): Promise<string> {
  if (program === 'edgectl') return (await run([...verb, '--help'])).out;
  const file = join(root, 'src/bin', program === 'npm start' ? 'start.ts' : `${program}.ts`);
  const answer = printed.get(program) ?? promisify(execFile)(process.execPath, [file, '--help']);
  printed.set(program, answer);
  return (await answer).stdout;
}

function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([flag]) => flag);
}

/** Flags of a command line that its help does not name. */
function unknownFlags(line: string, helpOfLine: string): string[] {
  const known = new Set([...flagsIn(helpOfLine), ...foreignFlags]);
  return flagsIn(line).filter((flag) => !known.has(flag));
}

t.test('every script of npm that is named is in package.json', async (t) => {
  const { scripts } = JSON.parse(textOf('package.json'));
  const named = matchesIn(pages, /\bnpm (?:run )?((?<=run )[\w:]+|start|test)\b/g);
  t.ok(named.length > 3, 'some were found');
  t.same(
    named.filter(({ found }) => !(found in scripts)),
    [],
  );
});

t.test('every link leads to a file', async (t) => {
  const links = matchesIn(pages, /\]\(([^)#:\s]+)(?:#[^)]*)?\)/g);
  t.ok(links.length > 3, 'some were found');
  t.same(
    links.filter(({ file, found }) => !existsSync(join(root, dirname(file), found))),
    [],
  );
});

t.test('every path of the project that is named is there', async (t) => {
  const folders = 'src|test|docs|scripts|systemd|firmware-images';
  const paths = matchesIn(pages, new RegExp(`\`((?:${folders})/[^\`\\s]*)\``, 'g'));
  t.ok(paths.length > 5, 'some were found');
  t.same(
    paths.filter(({ found }) => !existsSync(join(root, found))),
    [],
  );
});

t.test('every command line that is shown has a verb and flags of its program', async (t) => {
  const shown = matchesIn(pages, /^npx ([^#\n]+?) *(?:#.*)?$/gm);
  t.ok(shown.length > 3, 'some were found');
  for (const { file, found } of shown) {
    const [name, ...verb] = found.replace(/ -.*/, '').split(' ');
    const program = programs.find((program) => program === name);
    if (!program) {
      t.fail(`${file}: ${found}: there is no program ${name}`);
      continue;
    }
    const answer = await help(program, verb);
    if (program === 'edgectl') {
      t.match(answer, new RegExp(`^Usage: edgectl ${verb[0]}\\b`), `${file}: ${found}`);
    }
    t.same(unknownFlags(found, answer), [], `${file}: ${found}`);
  }
});

t.test('the units start programs with flags that they know', async (t) => {
  t.ok(units.length > 1, 'some were found');
  for (const { found } of matchesIn(units, /^ExecStart=(.+)$/gm)) {
    const program = programs.find((program) => found.includes(`/${program}.js `));
    if (!program) t.fail(`no program of ours: ${found}`);
    else t.same(unknownFlags(found, await help(program)), [], found);
  }
});

t.test('every flag that a text names is one of some program of ours', async (t) => {
  const verbs = (await help('edgectl')).matchAll(/^ {2}([a-z][a-z-]+) /gm);
  const edgectl = [...verbs].map(([, verb = '']) => help('edgectl', [verb]));
  const answers = await Promise.all([...programs.map((program) => help(program)), ...edgectl]);
  const named = matchesIn(pages, /`(--[a-z][^`]*)`/g);
  t.ok(named.length > 5, 'some were found');
  const known = [...answers, conformanceUsage, newerPodmanUsage].join('\n');
  t.same(
    named.filter(({ found }) => unknownFlags(found, known).length > 0),
    [],
  );
});

t.test('what is not there is found', async (t) => {
  const answer = await help('edgectl', ['get', 'pods']);
  t.same(unknownFlags('edgectl get pods -o wide --no-such=1', answer), ['--no-such']);
  t.notMatch(await help('edgectl', ['no-such-verb']), /^Usage: edgectl no-such-verb/);
});
