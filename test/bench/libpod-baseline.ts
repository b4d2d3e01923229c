// The yardstick of pod starts: podman's own REST service, warm, asked for a pause container and one container in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';

const IMAGE = 'localhost/edge-cluster-demo:1';
const PREFIX = '/v4.0.0/libpod';
/** Its own limits: the default ones need a capability that a virtual machine may not have. */
const R_LIMITS = [
  { type: 'nofile', soft: 1024, hard: 4096 },
  { type: 'nproc', soft: 1024, hard: 4096 },
];

export class LibpodBaseline {
  #service: ChildProcess | undefined;
  #dir = '';

  async start(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'edge-cluster-bench-'));
    this.#service = spawn('podman', ['system', 'service', '--time', '0', `unix://${this.#socket}`], {
      stdio: 'ignore',
    });
    await eventually(() => this.#call('GET', '/_ping'), 10_000);
  }

  /** Milliseconds from the first request to the answer of the last. */
  async podToRunning(round: number): Promise<number> {
    const name = `edge-cluster-bench-${round}`;
    const common = { image: IMAGE, r_limits: R_LIMITS };
    const begun = performance.now();
    const pause = await this.#create({
      ...common,
      name: `${name}-pause`,
      entrypoint: ['/bin/busybox', 'sleep', '1000'],
    });
    await this.#call('POST', `/containers/${pause}/start`);
    const shared = { nsmode: 'container', value: pause };
    const main = await this.#create({ ...common, name, netns: shared, ipcns: shared, utsns: shared });
    await this.#call('POST', `/containers/${main}/start`);
    const took = performance.now() - begun;
    for (const id of [main, pause]) await this.#call('DELETE', `/containers/${id}?force=true&timeout=0`);
    return took;
  }

  async stop(): Promise<void> {
    this.#service?.kill();
    if (this.#dir) await rm(this.#dir, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#dir, 'podman.sock');
  }

  async #create(spec: object): Promise<string> {
    return JSON.parse(await this.#call('POST', '/containers/create', spec)).Id;
  }

  #call(method: string, path: string, body?: object): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const call = request({ socketPath: this.#socket, path: PREFIX + path, method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      call.on('error', reject);
      call.end(body ? JSON.stringify(body) : undefined);
    });
  }
}
