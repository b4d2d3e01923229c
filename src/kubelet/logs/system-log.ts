// The board's own log files, for who may read `nodes/NAME/proxy/logs/`: what upstream's kubelet shows of /var/log. Only
// files and folders are shown, and none outside of that folder, wherever links in it lead: pods may write there.
// https://kubernetes.io/docs/concepts/cluster-administration/system-logs/#log-location-node
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { BoardDocument, BoardFile } from '../streams/serve-board.ts';

const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const BINARY = 'application/octet-stream';
const LOOKED_AT_BYTES = 512;
/** A pipe that nobody writes to must not hold up anybody. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * `asked` is the path behind `/logs`, as it stands in the URL; `undefined` = there is no such file. Folders are lists
 * of links, and end in a slash, to which who asks without one is sent.
 */
export async function systemLog(
  folder: string,
  asked: string,
): Promise<BoardDocument | BoardFile | undefined> {
  const path = decoded(asked);
  if (path === undefined) return undefined;
  const handle = await openWithin(folder, path);
  if (!handle) return undefined;
  let answer: BoardDocument | BoardFile | undefined;
  try {
    answer = await answerOf(handle, path);
  } finally {
    if (!answer || !('file' in answer)) await handle.close();
  }
  return answer;
}

async function answerOf(handle: FileHandle, path: string): Promise<BoardDocument | BoardFile | undefined> {
  const found = await handle.stat();
  if (found.isFile()) return { type: await typeOf(handle), file: handle, sizeBytes: found.size };
  if (!found.isDirectory()) return undefined;
  if (!path.endsWith('/')) return sentTo(`${encodeURIComponent(basename(path) || 'logs')}/`);
  const entries = await readdir(pathOf(handle), { withFileTypes: true });
  return listing(entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)));
}

function decoded(asked: string): string | undefined {
  try {
    const path = decodeURIComponent(asked);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

/** What was opened is asked where it is: a link may be changed between a look and the opening. */
async function openWithin(folder: string, path: string): Promise<FileHandle | undefined> {
  const handle = await open(join(folder, path), READ).catch(ifAbsent);
  if (!handle) return undefined;
  const [root, place] = await Promise.all([realpath(folder), readlink(pathOf(handle))]);
  if (place === root || place.startsWith(root + sep)) return handle;
  await handle.close();
  return undefined;
}

const pathOf = ({ fd }: FileHandle) => `/proc/self/fd/${fd}`;

/** Also sockets, which cannot be opened, a file taken for a folder, and links in a circle. */
function ifAbsent(error: NodeJS.ErrnoException): undefined {
  const isAbsent = ['ENOENT', 'ENOTDIR', 'ENXIO', 'ELOOP', 'ENAMETOOLONG'].includes(error.code ?? '');
  if (!isAbsent) throw error;
}

async function typeOf(handle: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(LOOKED_AT_BYTES), position: 0 });
  return buffer.subarray(0, bytesRead).includes(0) ? BINARY : TEXT;
}

const sentTo = (location: string): BoardDocument => ({ code: 301, type: TEXT, text: '', location });

function listing(names: readonly string[]): BoardDocument {
  const links = names.toSorted().map((name) => `<a href="${linkTo(name)}">${escaped(name)}</a>\n`);
  return { type: HTML, text: `<!doctype html>\n<pre>\n${links.join('')}</pre>\n` };
}

/** `./` keeps a name with a colon from being read as another scheme. */
const linkTo = (name: string) => `./${encodeURIComponent(name).replace(/%2F$/, '/')}`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
