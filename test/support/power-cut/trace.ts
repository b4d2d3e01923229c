// Reads what strace recorded of a process into the changes it made to one directory, in the order in which they
// took effect, with the full data of every write.

export type DiskOperation =
  | { type: 'create'; path: string }
  | { type: 'write'; path: string; data: Buffer }
  | { type: 'mkdir'; path: string }
  | { type: 'link'; from: string; to: string }
  | { type: 'rename'; from: string; to: string }
  | { type: 'remove'; path: string }
  /** A sync covers what was done before it began and holds from its end. */
  | { type: 'syncBegin'; path: string; id: number }
  | { type: 'syncEnd'; path: string; id: number }
  /** A line that the process printed. */
  | { type: 'said'; text: string };

export const straceArguments = (outputPath: string) => [
  '-f',
  '--seccomp-bpf',
  '-y',
  '-xx',
  '-s',
  '8388608',
  '-e',
  'trace=openat,open,creat,write,writev,pwrite64,pwritev,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,mkdir,mkdirat,ftruncate,truncate,fallocate,copy_file_range',
  '-o',
  outputPath,
];

/** Fails on a call under `directory` that the model below does not know, rather than leave it out. */
export function readTrace(trace: string, directory: string): DiskOperation[] {
  const operations: DiskOperation[] = [];
  const unfinished = new Map<string, { text: string; syncId: number | undefined }>();
  let syncs = 0;
  for (const line of trace.split('\n')) {
    const [, pid, text] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (!pid || !text) continue;
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    if (begun !== undefined) {
      const syncId = beginSync(begun, directory, syncs, operations);
      if (syncId !== undefined) syncs++;
      unfinished.set(pid, { text: begun, syncId });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    const started = resumed === undefined ? undefined : unfinished.get(pid);
    const call = started ? started.text + resumed : text;
    const syncId = started?.syncId ?? beginSync(call, directory, syncs, operations);
    if (syncId === syncs) syncs++;
    const operation = toOperation(call, directory, syncId);
    if (operation) operations.push(operation);
  }
  return operations;
}

function beginSync(call: string, directory: string, id: number, into: DiskOperation[]): number | undefined {
  const path = /^f(?:data)?sync\(\d+<([^>]*)>/.exec(call)?.[1];
  const inside = path && within(unhex(path).toString(), directory);
  if (inside === undefined || inside === '') return undefined;
  into.push({ type: 'syncBegin', path: inside, id });
  return id;
}

function toOperation(call: string, directory: string, syncId: number | undefined): DiskOperation | undefined {
  const match = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(call);
  if (!match || (match[3] as string).startsWith('-')) return undefined;
  const [, name, args] = match as unknown as [string, string, string];
  const strings = [...args.matchAll(/"([^"]*)"/g)].map((m) => unhex(m[1] as string));
  const fdPath = unhex(/^\d+<([^>]*)>/.exec(args)?.[1] ?? '').toString();
  if (name === 'write' && strings[0]?.subarray(0, 4).toString() === 'ack ')
    return { type: 'said', text: strings[0].toString() };
  const paths = (fdPath ? [fdPath] : strings.map(String)).map((p) => within(p, directory));
  const [path, to] = paths;
  if (path === undefined || path === '') return undefined;
  switch (name) {
    case 'open':
    case 'openat':
    case 'creat':
      return args.includes('O_CREAT') || name === 'creat' ? { type: 'create', path } : undefined;
    case 'write':
      return { type: 'write', path, data: strings[0] as Buffer };
    case 'mkdir':
      return { type: 'mkdir', path };
    case 'link':
      return { type: 'link', from: path, to: to as string };
    case 'rename':
      return { type: 'rename', from: path, to: to as string };
    case 'unlink':
    case 'rmdir':
      return { type: 'remove', path };
    case 'fsync':
    case 'fdatasync':
      return { type: 'syncEnd', path, id: syncId as number };
    default:
      throw new Error(`the power cut model does not know ${name}(${args.slice(0, 200)})`);
  }
}

/** Path relative to the directory with a leading `/`, `/` for the directory itself, `undefined` outside. */
function within(path: string, directory: string): string | undefined {
  if (path === directory) return '/';
  return path.startsWith(`${directory}/`) ? path.slice(directory.length) : undefined;
}

function unhex(text: string): Buffer {
  if (!text.includes('\\x')) return Buffer.from(text);
  return Buffer.from(
    text.replace(/\\x([0-9a-f]{2})|([\s\S])/g, (_, hex, c) => hex ?? c.charCodeAt(0).toString(16)),
    'hex',
  );
}
