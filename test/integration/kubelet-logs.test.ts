// Container logs read from real files: tails, limits, following across rotation.
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { LogKeeper } from '../../src/kubelet/logs/log-keeper.ts';
import { forgetOldAttempts, removePodLogs, sweepLogs } from '../../src/kubelet/logs/log-paths.ts';
import { type OpenLogOptions, openLog } from '../../src/kubelet/logs/open-log.ts';
import { eventually } from '../support/eventually.ts';

const stamp = '2026-11-20T10:00:00.000000001+00:00';
const full = (text: string) => `${stamp} stdout F ${text}\n`;
const part = (text: string) => `${stamp} stdout P ${text}\n`;

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'edge-logs-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function logFile(t: Test, content: string): Promise<string> {
  const path = join(await folder(t), '0.log');
  await writeFile(path, content);
  return path;
}

async function read(options: OpenLogOptions): Promise<string> {
  let text = '';
  for await (const chunk of openLog(options, new AbortController().signal)) text += chunk.toString();
  return text;
}

/** Follows in the background; `seen()` is the text so far. */
function follow(t: Test, options: OpenLogOptions) {
  const abort = new AbortController();
  let text = '';
  const done = (async () => {
    for await (const chunk of openLog({ ...options, follow: true }, abort.signal)) text += chunk.toString();
  })();
  t.teardown(() => abort.abort());
  return { seen: () => text, done, abort };
}

t.test('the whole log is read, and one that does not exist is empty', async (t) => {
  const path = await logFile(t, full('one') + full('two'));
  t.equal(await read({ path }), 'one\ntwo\n');
  const utc = stamp.replace('+00:00', 'Z');
  t.equal(await read({ path, timestamps: true }), `${utc} one\n${utc} two\n`);
  t.equal(await read({ path: `${path}.none` }), '');
});

t.test('a tail is the last lines, with a long line counted once', async (t) => {
  const path = await logFile(t, full('a') + part('b1') + part('b2') + full('b3') + full('c'));
  const tails = ['', 'c\n', 'b1b2b3\nc\n', 'a\nb1b2b3\nc\n', 'a\nb1b2b3\nc\n'];
  for (const [tailLines, text] of tails.entries()) t.equal(await read({ path, tailLines }), text);
});

t.test('a tail of a large log ends with its last lines, whatever their length', async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'x'.repeat((n * 7) % 311)}`);
  const path = await logFile(t, lines.map(full).join(''));
  for (const tailLines of [1, 500, 19_999]) {
    const expected = lines.slice(-tailLines).map((line) => `${line}\n`);
    t.equal(await read({ path, tailLines }), expected.join(''));
  }
});

t.test('no more bytes come than were asked for', async (t) => {
  const path = await logFile(t, full('one') + full('two'));
  t.equal(await read({ path, limitBytes: 5 }), 'one\nt');
  t.equal(await read({ path, limitBytes: 0 }), '');
});

t.test('a follower sees what is written and ends after its container, with everything read', async (t) => {
  const path = await logFile(t, full('one'));
  let hasEnded = false;
  const follower = follow(t, { path, hasEnded: () => hasEnded });
  await eventually(() => follower.seen() === 'one\n');
  await appendFile(path, full('two'));
  await eventually(() => follower.seen() === 'one\ntwo\n');
  hasEnded = true;
  await appendFile(path, full('last'));
  await follower.done;
  t.equal(follower.seen(), 'one\ntwo\nlast\n');
});

t.test('a follower with a tail begins with it', async (t) => {
  const path = await logFile(t, full('one') + full('two'));
  const follower = follow(t, { path, tailLines: 1 });
  await eventually(() => follower.seen() === 'two\n');
  await appendFile(path, full('three'));
  await eventually(() => follower.seen() === 'two\nthree\n');
});

t.test('a follower loses nothing at a rotation', async (t) => {
  const path = await logFile(t, full('one'));
  const follower = follow(t, { path });
  await eventually(() => follower.seen() === 'one\n');
  for (const generation of [1, 2, 3]) {
    await appendFile(path, full(`end of ${generation}`));
    await writeFile(`${path}.tmp`, full(`begin of ${generation}`));
    await rename(`${path}.tmp`, path);
    await eventually(() => follower.seen().endsWith(`end of ${generation}\nbegin of ${generation}\n`));
  }
});

t.test('a follower waits for a log that is not there yet, and goes when told', async (t) => {
  const path = join(await folder(t), '0.log');
  const follower = follow(t, { path });
  await writeFile(path, full('one'));
  await eventually(() => follower.seen() === 'one\n');
  follower.abort.abort();
  await follower.done;
});

t.test('a slow reader holds the file back instead of filling memory', async (t) => {
  const path = await logFile(t, full('x'.repeat(1000)).repeat(3000));
  const chunks = openLog({ path }, new AbortController().signal);
  const first = await chunks.next();
  t.ok(first.value && first.value.length <= 64 * 1024, 'one chunk was read, not the file');
  await chunks.return(undefined);
});

t.test('of a container the current and the previous attempt are kept', async (t) => {
  const logs = await folder(t);
  for (const attempt of [0, 1, 2, 3]) await writeFile(join(logs, `${attempt}.log`), '');
  await forgetOldAttempts(join(logs, '4.log'));
  t.strictSame(await readdir(logs), ['3.log']);
});

t.test('the logs of a pod go with it, those of others stay', async (t) => {
  const logs = await folder(t);
  for (const name of ['shop_web_u1', 'shop_web_u2', 'shop_db_u3'])
    await mkdir(join(logs, name, 'main'), { recursive: true });
  await removePodLogs(logs, 'u1');
  t.strictSame(await readdir(logs), ['shop_db_u3', 'shop_web_u2']);
  await sweepLogs(logs, new Set(['u3']));
  t.strictSame(await readdir(logs), ['shop_db_u3']);
  await removePodLogs(join(logs, 'none'), 'u1');
});

/** As conmon does it when a file is full. */
async function fill(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, full(text));
  await rename(`${path}.tmp`, path);
}

function keeperOf(path: string, maxFiles = 3): LogKeeper {
  const running = () => [{ id: 'c1', logPath: path }];
  return new LogKeeper({ limits: { maxSizeBytes: 1, maxFiles }, running, logger: silentLogger });
}

t.test('what conmon drops is kept, up to so many files, and read as one log', async (t) => {
  const path = await logFile(t, full('one'));
  const keeper = keeperOf(path);
  await keeper.look();
  for (const text of ['two', 'three', 'four']) {
    await fill(path, text);
    await keeper.look();
  }
  t.equal(await read({ path }), 'two\nthree\nfour\n');
  t.strictSame(await readdir(join(path, '..')), ['0.log', '0.log.2', '0.log.3', '0.log.now'].sort());
  const tails = ['', 'four\n', 'three\nfour\n', 'two\nthree\nfour\n', 'two\nthree\nfour\n'];
  for (const [tailLines, text] of tails.entries()) t.equal(await read({ path, tailLines }), text);
  t.equal(await read({ path, limitBytes: 7 }), 'two\nthr');
});

t.test('a rotation that nobody has seen yet loses nothing, nor does a restart of the agent', async (t) => {
  const path = await logFile(t, full('one'));
  await keeperOf(path).look();
  await fill(path, 'two');
  t.equal(await read({ path }), 'one\ntwo\n');
  await keeperOf(path).look();
  t.equal(await read({ path }), 'one\ntwo\n');
});

t.test('a follower begins with the files that were full and goes on across the next', async (t) => {
  const path = await logFile(t, full('one'));
  const keeper = keeperOf(path);
  await keeper.look();
  await fill(path, 'two');
  await keeper.look();
  const follower = follow(t, { path, tailLines: 2 });
  await eventually(() => follower.seen() === 'one\ntwo\n');
  await appendFile(path, full('more'));
  await eventually(() => follower.seen() === 'one\ntwo\nmore\n');
  await fill(path, 'three');
  await keeper.look();
  await eventually(() => follower.seen() === 'one\ntwo\nmore\nthree\n');
});

t.test('one file is kept as conmon keeps it, and a log that is not there yet is no trouble', async (t) => {
  const path = await logFile(t, full('one'));
  await keeperOf(path, 1).look();
  t.strictSame(await readdir(join(path, '..')), ['0.log']);
  await keeperOf(`${path}.none/0.log`).look();
});

t.test('with an attempt that is forgotten all its files go', async (t) => {
  const logs = await folder(t);
  for (const name of ['0.log', '0.log.1', '0.log.now', '1.log', '1.log.7', '2.log'])
    await writeFile(join(logs, name), '');
  await forgetOldAttempts(join(logs, '2.log'));
  t.strictSame(await readdir(logs), ['1.log', '1.log.7', '2.log']);
});
