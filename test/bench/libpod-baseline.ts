// The yardstick of pod starts: podman's own REST service, warm, asked for a pause container and one container in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';

const IMAGE = 'localhost/edge-cluster-demo:1';
const PREFIX = '/v4.0.0/libpod';
export class LibpodBaseline {
  #service: ChildProcess | undefined;
  #dir = '';
  readonly #containersConf: string;

  /** `containersConf`: the agent's own, so that both run with the same OCI runtime and limits. */
  constructor(containersConf: string) {
    this.#containersConf = containersConf;
  }

  async start(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'edge-cluster-bench-'));
    const args = ['system', 'service', '--time', '0', `unix://${this.#socket}`];
    const env = { ...process.env, CONTAINERS_CONF: this.#containersConf };
    this.#service = spawn('podman', args, { stdio: 'ignore', env });
    await eventually(() => this.#call('GET', '/_ping'), 10_000);
  }

  /** Milliseconds from the first request to the answer of the last. */
  async podToRunning(round: number): Promise<number> {
    const name = `edge-cluster-bench-${round}`;
    const common = { image: IMAGE };
    await this.#remove(name);
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
    await this.#remove(name);
    return took;
  }

  async stop(): Promise<void> {
    this.#service?.kill();
    if (this.#dir) await rm(this.#dir, { recursive: true, force: true });
  }

  /** Also what an earlier run left. */
  async #remove(name: string): Promise<void> {
    for (const each of [name, `${name}-pause`]) {
      await this.#call('DELETE', `/containers/${each}?force=true&ignore=true&timeout=0`);
    }
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
