import t from 'tap';
import { recordChecksum, wholeRecordsLength } from '../../../src/store/manifest-tail.ts';

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const checksum = recordChecksum();

function fragment(type: number, data: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(checksum(Buffer.concat([Buffer.of(type), data])), 0);
  header.writeUInt16LE(data.length, 4);
  header[6] = type;
  return Buffer.concat([header, data]);
}

/** Writes records as LevelDB does: split where a block ends, with zeros where not even a header fits. */
function writeLog(records: readonly Buffer[]): { log: Buffer; ends: number[] } {
  let log = Buffer.alloc(0);
  const ends = records.map((record) => {
    let rest = record;
    for (let first = true; ; first = false) {
      let left = BLOCK_BYTES - (log.length % BLOCK_BYTES);
      if (left < HEADER_BYTES) {
        log = Buffer.concat([log, Buffer.alloc(left)]);
        left = BLOCK_BYTES;
      }
      const part = rest.subarray(0, left - HEADER_BYTES);
      rest = rest.subarray(part.length);
      const last = rest.length === 0;
      log = Buffer.concat([log, fragment(first ? (last ? 1 : 2) : last ? 4 : 3, part)]);
      if (last) return log.length;
    }
  });
  return { log, ends };
}

t.test('a MANIFEST that LevelDB wrote is whole', async (t) => {
  const real = Buffer.from(
    '56f9b8f81c0001011a6c6576656c64622e4279746577697365436f6d70617261746f72ac58bd272100010206090003070401070005b0010961010100000000000009610101000000000000',
    'hex',
  );
  t.equal(wholeRecordsLength(real), real.length);
});

t.test('records of every size are whole, also across blocks', async (t) => {
  const sizes = [0, 1, 100, 32_761 - 127, 7, 32_000, 70_000, 5, 20_000];
  const { log } = writeLog(sizes.map((size, i) => Buffer.alloc(size, i + 1)));
  t.equal(wholeRecordsLength(log), log.length);
});

t.test('a cut anywhere leaves the records that were whole before it', async (t) => {
  const { log, ends } = writeLog([50, 40_000, 300].map((size, i) => Buffer.alloc(size, i + 1)));
  for (const cut of [0, 3, 30, 56, 57, 58, 20_000, 40_000, 40_070, log.length - 1]) {
    const expected = ends.filter((end) => end <= cut).at(-1) ?? 0;
    t.equal(wholeRecordsLength(log.subarray(0, cut)), expected, `cut at ${cut}`);
  }
});

t.test('zeros or other bytes in place of a record end the whole part', async (t) => {
  const { log, ends } = writeLog([50, 60, 70].map((size, i) => Buffer.alloc(size, i + 1)));
  const zeroed = Buffer.from(log).fill(0, (ends[1] ?? 0) + HEADER_BYTES + 10);
  t.equal(wholeRecordsLength(zeroed), ends[1]);
  const appended = Buffer.concat([log, Buffer.alloc(500)]);
  t.equal(wholeRecordsLength(appended), ends[2]);
});
