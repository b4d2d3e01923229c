// How `npm test` shares out its files among those who run them.
import t from 'tap';
import { testFiles, workOff } from '../../../scripts/bootstrap/test-queues.js';

interface Queue {
  waiting: string[];
}

/** Runs end when the test says so: what runs, and the order of all starts. */
function stage() {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  const run = (_queue: Queue, file: string) => {
    begun.push(file);
    return new Promise<void>((resolve) => running.set(file, resolve));
  };
  const end = async (file: string) => {
    running.get(file)?.();
    running.delete(file);
    await new Promise(setImmediate);
  };
  return { run, end, begun, running: () => [...running.keys()] };
}

t.test('a queue that one runner takes from runs alone, beside the one that both take from', async (t) => {
  const alone: Queue = { waiting: ['alone 1', 'alone 2'] };
  const shared: Queue = { waiting: ['a', 'b', 'c', 'd'] };
  const { run, end, running, begun } = stage();
  const done = workOff([[alone, shared], [shared]], run);
  t.same(running(), ['alone 1', 'a']);
  await end('a');
  await end('b');
  t.same(running(), ['alone 1', 'c']);
  await end('alone 1');
  t.same(running(), ['c', 'alone 2']);
  await end('alone 2');
  t.same(running(), ['c', 'd'], 'who has nothing of its own left helps the other');
  await end('d');
  await end('c');
  await done;
  t.equal(begun.length, 6);
});

t.test('what is taken off the queue is not run', async (t) => {
  const queue: Queue = { waiting: ['a', 'b'] };
  const { run, end, begun } = stage();
  const done = workOff([[queue]], run);
  queue.waiting.length = 0;
  await end('a');
  await done;
  t.same(begun, ['a']);
});

t.test('test files are those of a folder, a file is itself, and what is not there is said', async (t) => {
  const root = t.testdir({ a: { 'z.test.ts': '', b: { 'c.test.ts': '', 'support.ts': '' } }, none: {} });
  t.same(testFiles(root, 'a'), ['a/b/c.test.ts', 'a/z.test.ts']);
  t.same(testFiles(root, 'a/b/support.ts'), ['a/b/support.ts']);
  t.throws(() => testFiles(root, 'b'), { message: 'there is no b' });
  t.throws(() => testFiles(root, 'none'), { message: 'there are no tests in none' });
});
