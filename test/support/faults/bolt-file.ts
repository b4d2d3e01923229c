// Reads the keys of a bbolt database, such as podman's address leases: nothing on a board prints those.
// The format is in bbolt's page.go, meta.go and bucket.go.

const META_MAGIC = 0xed0cdaed;
const BRANCH_PAGE = 0x01;
const LEAF_PAGE = 0x02;
const BUCKET_LEAF = 0x01;
const HEADER_BYTES = 16;
const ELEMENT_BYTES = 16;

/** Keys of all buckets, those below others too. */
export function boltKeys(file: Buffer): string[] {
  const pageBytes = file.readUInt32LE(HEADER_BYTES + 8);
  const metas = [0, 1].map((page) => file.subarray(page * pageBytes + HEADER_BYTES));
  const valid = metas.filter((meta) => meta.length > 64 && meta.readUInt32LE(0) === META_MAGIC);
  const newest = valid.sort((a, b) => Number(b.readBigUInt64LE(48) - a.readBigUInt64LE(48)))[0];
  if (!newest) throw new Error('no bbolt database');
  const pageAt = (id: number) => file.subarray(id * pageBytes);
  return keysIn(pageAt(Number(newest.readBigUInt64LE(16))), pageAt);
}

function keysIn(page: Buffer, pageAt: (id: number) => Buffer): string[] {
  const flags = page.readUInt16LE(8);
  const elements = Array.from({ length: page.readUInt16LE(10) }, (_, index) =>
    page.subarray(HEADER_BYTES + index * ELEMENT_BYTES),
  );
  if (flags & BRANCH_PAGE) {
    return elements.flatMap((element) => keysIn(pageAt(Number(element.readBigUInt64LE(8))), pageAt));
  }
  if (!(flags & LEAF_PAGE)) throw new Error(`a bbolt page of kind ${flags}`);
  return elements.flatMap((element) => leafKeys(element, pageAt));
}

function leafKeys(element: Buffer, pageAt: (id: number) => Buffer): string[] {
  const [flags, at, keyBytes] = [0, 4, 8].map((offset) => element.readUInt32LE(offset)) as [
    number,
    number,
    number,
  ];
  const key = element.subarray(at, at + keyBytes).toString('latin1');
  if (!(flags & BUCKET_LEAF)) return [key];
  const bucket = element.subarray(at + keyBytes);
  const root = Number(bucket.readBigUInt64LE(0));
  // A small bucket lies in its parent's page.
  return [key, ...keysIn(root === 0 ? bucket.subarray(16) : pageAt(root), pageAt)];
}
