// A disk that forgets: what a directory may look like after a power cut, given every change and every sync that
// came before. As strict as POSIX: a file's sync does not save its name, a name is saved by its directory's sync,
// unsynced changes of different names may survive in any combination; only a rename is never half done.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskOperation } from './trace.ts';

interface FileNode {
  bytes: Buffer;
  length: number;
  syncedLength: number;
}

type Names = Map<string, FileNode | DirectoryNode>;
type NameChange = [name: string, node: FileNode | DirectoryNode | undefined][];

interface DirectoryNode {
  names: Names;
  synced: Names;
  pending: NameChange[];
}

/** What a cut leaves of that which was not synced. */
export interface CutRules {
  name: string;
  keepsChange(): boolean;
  /** Bytes kept of a file's unsynced end, and whether its length was kept with zeros in their place. */
  keepsBytes(unsynced: number): { bytes: number; zeroFilled: boolean };
}

type NameOperation = Extract<DiskOperation, { type: 'mkdir' | 'link' | 'rename' | 'remove' }>;

const emptyDirectory = (): DirectoryNode => ({ names: new Map(), synced: new Map(), pending: [] });
const isDirectory = (node: FileNode | DirectoryNode | undefined): node is DirectoryNode =>
  node !== undefined && 'names' in node;

export class DiskModel {
  readonly #root = emptyDirectory();
  /** What each running sync will have covered. */
  readonly #syncs = new Map<number, () => void>();

  apply(operation: DiskOperation): void {
    if (operation.type === 'create') this.#create(operation.path);
    else if (operation.type === 'write') append(this.#file(operation.path), operation.data);
    else if (operation.type === 'syncBegin') this.#syncs.set(operation.id, this.#sync(operation.path));
    else if (operation.type === 'syncEnd') this.#endSync(operation.id);
    else if (operation.type !== 'said') this.#change(namedBy(operation), this.#changesOf(operation));
  }

  #changesOf(operation: NameOperation): NameChange {
    switch (operation.type) {
      case 'mkdir':
        return [[nameOf(operation.path), emptyDirectory()]];
      case 'link':
        return [[nameOf(operation.to), this.#node(operation.from)]];
      case 'rename':
        return [
          [nameOf(operation.from), undefined],
          [nameOf(operation.to), this.#node(operation.from)],
        ];
      case 'remove':
        return [[nameOf(operation.path), undefined]];
    }
  }

  #endSync(id: number): void {
    this.#syncs.get(id)?.();
    this.#syncs.delete(id);
  }

  /** Writes the directory as a cut at this moment may have left it to `target`, which must be empty. */
  rebuild(target: string, rules: CutRules): void {
    writeDirectory(this.#root, target, rules);
  }

  #create(path: string): void {
    if (this.#directory(path).names.has(nameOf(path))) return;
    this.#change(path, [[nameOf(path), { bytes: Buffer.alloc(256), length: 0, syncedLength: 0 }]]);
  }

  #change(path: string, changes: NameChange): void {
    const directory = this.#directory(path);
    applyChange(directory.names, changes);
    directory.pending.push(changes);
  }

  #sync(path: string): () => void {
    const node = this.#node(path);
    if (!isDirectory(node)) {
      const length = node.length;
      return () => {
        node.syncedLength = Math.max(node.syncedLength, length);
      };
    }
    const covered = [...node.pending];
    return () => {
      for (const change of covered) {
        const index = node.pending.indexOf(change);
        if (index < 0) continue;
        applyChange(node.synced, change);
        node.pending.splice(index, 1);
      }
    };
  }

  #directory(path: string): DirectoryNode {
    const node = this.#node(path.slice(0, path.lastIndexOf('/')) || '/');
    if (!isDirectory(node)) throw new Error(`${path} is not in a directory`);
    return node;
  }

  #file(path: string): FileNode {
    const node = this.#node(path);
    if (isDirectory(node)) throw new Error(`${path} is a directory`);
    return node;
  }

  #node(path: string): FileNode | DirectoryNode {
    let node: FileNode | DirectoryNode | undefined = this.#root;
    for (const name of path.split('/').filter(Boolean))
      node = isDirectory(node) ? node.names.get(name) : undefined;
    if (!node) throw new Error(`${path} is not there`);
    return node;
  }
}

const namedBy = (operation: NameOperation) => ('to' in operation ? operation.to : operation.path);
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

function applyChange(names: Names, changes: NameChange): void {
  for (const [name, node] of changes) {
    if (node) names.set(name, node);
    else names.delete(name);
  }
}

function append(file: FileNode, data: Buffer): void {
  const length = file.length + data.length;
  if (length > file.bytes.length) {
    const larger = Buffer.alloc(length * 2);
    file.bytes.copy(larger);
    file.bytes = larger;
  }
  data.copy(file.bytes, file.length);
  file.length = length;
}

function writeDirectory(directory: DirectoryNode, target: string, rules: CutRules): void {
  for (const [name, node] of namesAfterCut(directory, rules)) {
    const path = join(target, name);
    if (isDirectory(node)) {
      mkdirSync(path);
      writeDirectory(node, path, rules);
    } else {
      writeFileSync(path, bytesAfterCut(node, rules));
    }
  }
}

/** Changes of one name keep their order: after one that was lost, later ones of the same name are lost too. */
function namesAfterCut(directory: DirectoryNode, rules: CutRules): Names {
  const names: Names = new Map(directory.synced);
  const lost = new Set<string>();
  for (const change of directory.pending) {
    const blocked = change.some(([name]) => lost.has(name));
    if (!blocked && rules.keepsChange()) applyChange(names, change);
    else for (const [name] of change) lost.add(name);
  }
  return names;
}

function bytesAfterCut(file: FileNode, rules: CutRules): Buffer {
  const unsynced = file.length - file.syncedLength;
  if (unsynced === 0) return file.bytes.subarray(0, file.length);
  const { bytes, zeroFilled } = rules.keepsBytes(unsynced);
  const kept = file.bytes.subarray(0, file.syncedLength + bytes);
  return zeroFilled ? Buffer.concat([kept, Buffer.alloc(unsynced - bytes)]) : kept;
}
