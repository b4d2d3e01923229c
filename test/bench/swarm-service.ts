// The peer of a ReplicationController on one board: a service of Docker Swarm, on a dockerd of its own with everything
// in one folder. Needs dockerd and containerd in PATH (Debian's docker.io).
import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { podman } from '../support/pods.ts';
import { Program } from '../support/trial.ts';

const NAME = 'bench';
const run = promisify(execFile);

export class SwarmService {
  readonly #folder: string;
  readonly #program: Program;
  readonly #image: string;

  private constructor(folder: string, program: Program, image: string) {
    this.#folder = folder;
    this.#program = program;
    this.#image = image;
  }

  /** `undefined` where there is no dockerd. `image` is one of podman's; Swarm gets a copy. */
  static async start(image: string): Promise<SwarmService | undefined> {
    const isThere = await run('dockerd', ['--version']).then(
      () => true,
      () => false,
    );
    if (!isThere) return undefined;
    const folder = await mkdtemp(join(tmpdir(), 'edge-swarm-'));
    const folders = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'run')];
    const socket = ['--pidfile', join(folder, 'pid'), '--host', `unix://${join(folder, 'socket')}`];
    const args = [...folders, ...socket, '--log-level', 'error'];
    const program = new Program(spawn('dockerd', args, { stdio: ['ignore', 'ignore', 'pipe'] }));
    const service = new SwarmService(folder, program, image);
    await service.#prepare().catch(async (error) => {
      await service.stop();
      throw error;
    });
    return service;
  }

  async #prepare(): Promise<void> {
    await eventually(() => this.#ask('GET', '/_ping').then(() => true), 30_000);
    const archive = join(this.#folder, 'image.tar');
    await podman('save', '--format', 'docker-archive', '--output', archive, this.#image);
    await this.#ask('POST', '/images/load', createReadStream(archive));
    const AdvertiseAddr = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    await this.#ask('POST', '/swarm/init', { ListenAddr: '127.0.0.1:2377', AdvertiseAddr });
  }

  /** Milliseconds until so many containers of a new service run; it is gone again when this resolves. */
  async replicasToRunning(replicas: number): Promise<number> {
    const beganMs = performance.now();
    await this.#ask('POST', '/services/create', {
      Name: NAME,
      TaskTemplate: { ContainerSpec: { Image: this.#image }, RestartPolicy: { Condition: 'none' } },
      Mode: { Replicated: { Replicas: replicas } },
    });
    await this.#untilRunning(replicas);
    const tookMs = performance.now() - beganMs;
    await this.#ask('DELETE', `/services/${NAME}`);
    await this.#untilRunning(0);
    return tookMs;
  }

  async stop(): Promise<void> {
    if (!this.#program.ended) {
      await this.#ask('POST', '/swarm/leave?force=true').catch(() => undefined);
      await this.#program.end('SIGTERM', 60_000);
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #untilRunning(count: number): Promise<void> {
    const running = async () => {
      const found = JSON.parse(await this.#ask('GET', '/containers/json')) as unknown[];
      if (found.length !== count) throw new Error(`${found.length} of ${count} replicas run`);
    };
    await eventually(running, 5 * 60_000, 100);
  }

  /** https://docs.docker.com/reference/api/engine/version/v1.41/ */
  #ask(method: string, path: string, body?: unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const isFile = body instanceof Object && 'pipe' in body;
      const type = isFile ? 'application/x-tar' : 'application/json';
      const headers = body === undefined ? {} : { 'content-type': type };
      const socketPath = join(this.#folder, 'socket');
      const sent = request({ socketPath, method, path: `/v1.41${path}`, headers }, (answer) => {
        const done = (said: string) =>
          (answer.statusCode ?? 500) < 400 ? resolve(said) : reject(new Error(`${method} ${path}: ${said}`));
        text(answer).then(done, reject);
      });
      sent.on('error', reject);
      if (isFile) (body as NodeJS.ReadableStream).pipe(sent);
      else sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
