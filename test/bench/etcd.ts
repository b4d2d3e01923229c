// Debian's etcd-server on loopback with the defaults that it ships with, spoken to as an API server speaks to it: gRPC
// over one HTTP/2 connection. Every Put is answered after its fsync.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { command, Program } from '../support/trial.ts';

export class Etcd {
  readonly version: string;
  readonly #directory: string;
  readonly #program: Program;
  readonly #url: string;
  readonly #session: ClientHttp2Session;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(version: string, directory: string, program: Program, url: string) {
    this.version = version;
    this.#url = url;
    this.#directory = directory;
    this.#program = program;
    this.#session = connect(url);
  }

  /** `undefined` where it is not installed; $ETCD names a binary that is not on the path. */
  static async start(): Promise<Etcd | undefined> {
    const binary = process.env.ETCD ?? 'etcd';
    const { stdout, code } = await command(binary, ['--version']);
    if (code !== 0) return undefined;
    const directory = await mkdtemp(join(tmpdir(), 'edge-bench-etcd-'));
    const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
    const args = [
      '--data-dir',
      directory,
      '--listen-client-urls',
      clients,
      '--advertise-client-urls',
      clients,
    ];
    args.push('--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers);
    args.push('--initial-cluster', `default=${peers}`);
    const program = new Program(spawn(binary, args as string[], { stdio: ['ignore', 'pipe', 'pipe'] }));
    await program.waitFor('ready to serve client requests', 20_000);
    const version = /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown';
    return new Etcd(version, directory, program, clients as string);
  }

  /** Resolves when the pair is durable. */
  put(key: string, value: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': '/etcdserverpb.KV/Put',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('trailers', (trailers) => {
        if (trailers['grpc-status'] === '0') resolve();
        else reject(new Error(`etcd: ${trailers['grpc-message']}`));
      });
      stream.on('error', reject);
      stream.resume();
      stream.end(message(field(1, key), field(2, value)));
    });
  }

  /** The same through its gateway: JSON over plain HTTP, on a connection per caller. */
  putJson(key: string, value: string): Promise<void> {
    const text = JSON.stringify({ key: base64(key), value: base64(value) });
    return new Promise((resolve, reject) => {
      const headers = { 'content-length': Buffer.byteLength(text) };
      const sent = request(
        `${this.#url}/v3/kv/put`,
        { method: 'POST', agent: this.#agent, headers },
        (answer) => {
          answer.resume();
          answer.on('error', reject);
          answer.on('end', () => {
            if (answer.statusCode === 200) resolve();
            else reject(new Error(`etcd: ${answer.statusCode}`));
          });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#session.close();
    await this.#program.end();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** gRPC over HTTP/2: not compressed, the length, the bytes. */
function message(...fields: Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** A length-delimited protobuf field. */
function field(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
