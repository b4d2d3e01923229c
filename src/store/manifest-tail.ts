// LevelDB refuses a MANIFEST whose last, never synced record was torn by a power cut. Such a record is of no use:
// nothing is acknowledged and no file is removed before it is synced. This finds where the whole records end.
// https://github.com/google/leveldb/blob/main/doc/log_format.md
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../base/atomic-file.ts';

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** Record types: FULL 1, FIRST 2, MIDDLE 3, LAST 4. */
const ENDS_RECORD = new Set([1, 4]);
const POLYNOMIAL_CRC32C = 0x82f63b78;

/**
 * Replaces (by rename, the old file keeps its other names) the current MANIFEST by its whole records.
 * Resolves with `false` when there is nothing to cut off.
 */
export async function cutManifestTail(databasePath: string): Promise<boolean> {
  const name = (await readFile(join(databasePath, 'CURRENT'), 'utf8')).trim();
  // Damaged beyond a torn tail: LevelDB's own words say it best.
  if (!/^MANIFEST-\d+$/.test(name) || !(await readdir(databasePath)).includes(name)) return false;
  const path = join(databasePath, name);
  const manifest = await readFile(path);
  const length = wholeRecordsLength(manifest);
  if (length === 0 || length === manifest.length) return false;
  await writeFileAtomically(path, manifest.subarray(0, length));
  return true;
}

/** Bytes up to the end of the last record before the first that is incomplete or fails its checksum. */
export function wholeRecordsLength(log: Buffer): number {
  const checksum = recordChecksum();
  let whole = 0;
  let at = 0;
  while (at + HEADER_BYTES <= log.length) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      at += leftInBlock;
      continue;
    }
    const end = at + HEADER_BYTES + log.readUInt16LE(at + 4);
    const type = log[at + 6] as number;
    if (type === 0 || end > log.length || end > at + leftInBlock) break;
    if (log.readUInt32LE(at) !== checksum(log.subarray(at + 6, end))) break;
    at = end;
    if (ENDS_RECORD.has(type)) whole = end;
  }
  return whole;
}

/** The checksum of a record's type byte and data, as LevelDB stores it. */
export function recordChecksum(): (typeAndData: Uint8Array) => number {
  const table = crc32cTable();
  return (typeAndData) => masked(crc32c(table, typeAndData));
}

/** LevelDB stores checksums rotated and offset, so that a checksum over checksums stays useful. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function crc32c(table: Uint32Array, bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function crc32cTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL_CRC32C : c >>> 1;
    return c;
  });
}
