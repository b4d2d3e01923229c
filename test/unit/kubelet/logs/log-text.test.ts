import t from 'tap';
import { LogText } from '../../../../src/kubelet/logs/log-text.ts';

const line = (time: string, tag: string, text: string) => `${time} stdout ${tag} ${text}\n`;
const first = '2026-11-20T10:00:00.000000001+00:00';
const second = '2026-11-20T10:00:05.000000000+00:00';

function textOf(file: string, options: { timestamps?: boolean; sinceMs?: number } = {}, step = file.length) {
  const text = new LogText({ timestamps: options.timestamps ?? false, sinceMs: options.sinceMs });
  const bytes = Buffer.from(file);
  let out = '';
  for (let at = 0; at < bytes.length; at += step) out += text.push(bytes.subarray(at, at + step)).toString();
  return out;
}

t.test('lines lose what conmon put before them', async (t) => {
  t.equal(textOf(line(first, 'F', 'one') + line(second, 'F', '')), 'one\n\n');
});

t.test('the parts of a long line are one line with one time stamp', async (t) => {
  const file =
    line(first, 'P', 'abc') + line(first, 'P', 'def') + line(second, 'F', 'g') + line(second, 'F', 'h');
  t.equal(textOf(file), 'abcdefg\nh\n');
  const [one, two] = ['2026-11-20T10:00:00.000000001Z', '2026-11-20T10:00:05.000000000Z'];
  t.equal(
    textOf(file, { timestamps: true }),
    `${one} abcdefg\n${two} h\n`,
    'UTC is written as upstream does',
  );
});

t.test('the time stamp of a board with a time zone keeps it', async (t) => {
  const time = '2026-11-20T12:00:00.000000001+02:00';
  t.equal(textOf(line(time, 'F', 'a'), { timestamps: true }), `${time} a\n`);
});

t.test('it does not matter where the chunks are cut', async (t) => {
  const file = line(first, 'F', 'grün') + line(first, 'P', 'a b') + line(second, 'F', ' c');
  for (const step of [1, 2, 7, 40]) t.equal(textOf(file, {}, step), 'grün\na b c\n');
});

t.test('lines older than asked for are dropped, all their parts with them', async (t) => {
  const file = line(first, 'P', 'old') + line(second, 'F', 'end of old') + line(second, 'F', 'new');
  t.equal(textOf(file, { sinceMs: Date.parse(second) }), 'new\n');
});

t.test('what conmon did not write is left out', async (t) => {
  t.equal(textOf(`\0\0\0\n${line(first, 'F', 'whole')}torn`), 'whole\n');
});
