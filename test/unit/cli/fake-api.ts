// A connection that answers from a table and remembers what was asked, and a terminal that keeps what was shown.
import { notFound, StatusError } from '../../../src/api/status-error.ts';
import type { ApiConnection, ApiRequest } from '../../../src/cli/api-connection.ts';
import type { CommandContext } from '../../../src/cli/command-context.ts';
import { Discovery } from '../../../src/cli/discovery.ts';
import type { Io } from '../../../src/cli/io.ts';

const core = {
  kind: 'APIResourceList',
  groupVersion: 'v1',
  resources: [
    ['pods', 'pod', 'Pod', true, ['po'], ['all']],
    ['services', 'service', 'Service', true, ['svc'], ['all']],
    ['replicationcontrollers', 'replicationcontroller', 'ReplicationController', true, ['rc'], ['all']],
    ['events', 'event', 'Event', true, ['ev'], []],
    ['secrets', 'secret', 'Secret', true, [], []],
    ['endpoints', 'endpoints', 'Endpoints', true, ['ep'], []],
    ['nodes', 'node', 'Node', false, ['no'], []],
    ['pods/log', '', 'Pod', true, [], []],
  ].map(([name, singularName, kind, namespaced, shortNames, categories]) => ({
    name,
    singularName,
    kind,
    namespaced,
    shortNames,
    categories,
    verbs: ['get', 'list'],
  })),
};
const groups = {
  kind: 'APIGroupList',
  groups: [{ name: 'x.io', versions: [{ groupVersion: 'x.io/v1', version: 'v1' }] }],
};
const extra = {
  groupVersion: 'x.io/v1',
  resources: [{ name: 'widgets', singularName: 'widget', kind: 'Widget', namespaced: true, verbs: ['get'] }],
};

/**
 * By `METHOD path`; a function is called with the request, a StatusError is thrown, an array is given out one by one.
 */
export type Answers = Record<string, unknown>;

export class FakeApi implements ApiConnection {
  readonly requests: ApiRequest[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = {
      'GET /api/v1': core,
      'GET /apis': groups,
      'GET /apis/x.io/v1': extra,
      ...answers,
    };
  }

  async json<T>(request: ApiRequest): Promise<T> {
    return structuredClone(this.#answer(request)) as T;
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Buffer>> {
    const answer = this.#answer(request) as string;
    return (async function* () {
      yield Buffer.from(answer);
    })();
  }

  /** What was asked beyond discovery, as `METHOD path`. */
  get asked(): string[] {
    return this.requests
      .map((r) => `${r.method} ${r.path}`)
      .filter((line) => !/^GET \/apis?(\/|$)[^/]*(\/v1)?$/.test(line));
  }

  #answer(request: ApiRequest): unknown {
    this.requests.push(request);
    const key = `${request.method} ${request.path}`;
    let answer = this.#answers[key];
    if (typeof answer === 'function') answer = answer(request);
    if (Array.isArray(answer)) answer = answer.length > 1 ? answer.shift() : answer[0];
    if (answer instanceof StatusError) throw answer;
    if (answer === undefined) {
      const [plural = '', name = ''] = request.path.split('?')[0]!.split('/').slice(-2);
      throw notFound({ group: '', kind: plural, name });
    }
    return answer;
  }
}

export interface Terminal {
  io: Io;
  out(): string;
  err(): string;
}

export function fakeTerminal(parts: Partial<Io> = {}): Terminal {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: async (text) => void out.push(typeof text === 'string' ? text : Buffer.from(text).toString()),
    err: (line) => void err.push(`${line}\n`),
    readInput: async () => '',
    env: {},
    workingDirectory: '/nowhere',
    homeDirectory: '/nowhere',
    now: () => Date.parse('2026-01-01T00:05:00Z'),
    ...parts,
  };
  return { io, out: () => out.join(''), err: () => err.join('') };
}

export function fakeContext(connection: ApiConnection, io: Io, namespace?: string): CommandContext {
  return {
    io,
    access: { server: 'https://127.0.0.1:1', namespace: 'default' },
    connection,
    discovery: new Discovery(connection),
    namespace: namespace ?? 'default',
    explicitNamespace: namespace,
  };
}
