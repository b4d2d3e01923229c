// The table of docs/services.md that says which source address a pod sees, read as what a test expects: what the
// page promises is what is tested, row by row.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/services.md');
const HEADING = '## What source address a pod sees';

export interface SourceBoard {
  name: string;
  address: string;
  /** First address of its pods' range. */
  gateway: string;
}

export interface Way {
  client: 'a pod' | 'a board' | 'outside';
  /** As the second column says it, such as `NodePort`. */
  way: string;
  /** Where the client is; `undefined` outside. */
  at: SourceBoard | undefined;
  /** Whom it asks, where it asks a board. */
  asked?: SourceBoard;
  /** Of a client that is a pod. */
  podIP?: string;
}

interface Row {
  clients: string[];
  ways: string[];
  forwarder: string;
  near: string;
  far: string;
}

export class SourceTable {
  readonly #rows: readonly Row[];
  readonly #used = new Set<Row>();

  constructor(text = readFileSync(PAGE, 'utf8')) {
    this.#rows = rowsOf(text);
  }

  /** The source that a pod on `board` sees of a client that comes this way. */
  expected(way: Way, board: SourceBoard): string {
    const row = this.#rows.find(
      ({ clients, ways }) => clients.includes(way.client) && ways.includes(way.way),
    );
    if (!row) throw new Error(`docs/services.md says nothing of ${way.client} by ${way.way}`);
    this.#used.add(row);
    const forwarder = forwarderOf(row, way);
    return addressOf((forwarder ?? way.at)?.name === board.name ? row.near : row.far, {
      way,
      board,
      forwarder,
    });
  }

  /** Rows that no test has asked for. */
  get unused(): string[] {
    return this.#rows.filter((row) => !this.#used.has(row)).map(({ clients, ways }) => `${clients}: ${ways}`);
  }
}

function rowsOf(text: string): Row[] {
  const section = text.slice(text.indexOf(HEADING) + HEADING.length).split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [clients = '', ways = '', forwarder = '', near = '', far = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    return { clients: clients.split(', '), ways: ways.split(', '), forwarder, near, far };
  });
}

function forwarderOf({ forwarder }: Row, { at, asked }: Way): SourceBoard | undefined {
  if (forwarder === 'nobody') return undefined;
  const board = { "the client's board": at, 'the board asked': asked }[forwarder];
  if (!board) throw new Error(`docs/services.md: who is '${forwarder}'?`);
  return board;
}

function addressOf(
  words: string,
  { way, board, forwarder }: { way: Way; board: SourceBoard; forwarder: SourceBoard | undefined },
): string {
  const address = {
    'its own gateway': board.gateway,
    "the forwarder's LAN address": forwarder?.address,
    "the client's LAN address": way.at?.address,
    "the client's own": way.podIP,
  }[words];
  if (!address) throw new Error(`docs/services.md: which address is '${words}'?`);
  return address;
}
