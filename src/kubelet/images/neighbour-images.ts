// Takes images from other boards of the same architecture. An image is known by the hash of its configuration, which
// names the hashes of its layers: podman checks the layers as it takes them in, the rest is checked here, and only
// then does the image get its name. What fails here costs nothing but time: the registry is asked next.
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../../base/logger.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import type { Neighbours } from './image-pulls.ts';
import { fullReference, isByDigest } from './image-reference.ts';
import { credentialHash, type ImageRights } from './image-rights.ts';
import {
  CREDENTIALS_HEADER,
  IMAGES_PATH,
  NODE_USER_PREFIX,
  type NodeTls,
  PRIVATE_HEADER,
} from './image-server.ts';
import { credentialsFor, type Keyring } from './keyring.ts';

/** Another board that holds the image. */
export interface ImageHolder {
  node: string;
  address: string;
  id: string;
}

export interface NeighbourImagesOptions {
  /** Of the same architecture, and reachable as far as is known. */
  holders(reference: string): Promise<ImageHolder[]>;
  port: number;
  tls(): NodeTls;
  runtime: Runtime;
  rights: ImageRights;
  logger: Logger;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** podman reads all layers before the first byte comes. */
const SILENCE_MS = 60_000;
/** More would wait longer than a registry needs. */
const MOST_ASKED = 3;

export class NeighbourImages implements Neighbours {
  readonly #options: NeighbourImagesOptions;

  constructor(options: NeighbourImagesOptions) {
    this.#options = options;
  }

  /**
   * The name of the board that gave it. A digest in an image's name is that of a registry's manifest, which podman
   * does not keep with an archive: for such names the registry is asked.
   */
  async fetch(image: string, keyring: Keyring, problems: string[]): Promise<string | undefined> {
    if (isByDigest(image)) return undefined;
    const holders = await this.#options.holders(fullReference(image));
    const hashes = credentialsFor(keyring, image).map((auth) => credentialHash(image, auth));
    for (const holder of holders.slice(0, MOST_ASKED)) {
      try {
        await this.#take(image, holder, hashes);
        return holder.node;
      } catch (error) {
        problems.push(`cannot take ${image} from node "${holder.node}": ${wordsOf(error)}`);
        this.#options.logger.warn(
          { image, node: holder.node, error: wordsOf(error) },
          'not taken from that board',
        );
      }
    }
    return undefined;
  }

  async #take(image: string, holder: ImageHolder, hashes: readonly string[]): Promise<void> {
    const { runtime, rights } = this.#options;
    const store = await runtime.imageStore();
    const before = new Set((await store.list()).map(({ id }) => id));
    const archive = await this.#open(holder, hashes);
    const loaded = await store.load(archive);
    if (loaded.length !== 1 || loaded[0] !== holder.id) {
      for (const name of loaded) if (!before.has(name)) await store.remove(name);
      throw new RuntimeError('ErrImagePull', `it gave ${loaded.join()} instead of ${holder.id}`);
    }
    await store.tag(holder.id, fullReference(image));
    const isPrivate = archive.headers[PRIVATE_HEADER] !== undefined;
    for (const hash of isPrivate ? hashes : [undefined]) await rights.note(holder.id, hash);
  }

  async #open({ node, address, id }: ImageHolder, hashes: readonly string[]): Promise<IncomingMessage> {
    const { request } = await import('node:https');
    const { keyPem, certPem, caPem } = this.#options.tls();
    return new Promise((resolve, reject) => {
      const sent = request({
        host: address,
        port: this.#options.port,
        path: IMAGES_PATH + id,
        agent: false,
        key: keyPem,
        cert: certPem,
        ca: caPem,
        minVersion: 'TLSv1.3',
        timeout: CONNECT_TIMEOUT_MS,
        headers: hashes.length > 0 ? { [CREDENTIALS_HEADER]: hashes.join() } : {},
        // A board is known by its name in the certificate: addresses change.
        checkServerIdentity: (_host, { subject }) =>
          subject.CN === NODE_USER_PREFIX + node
            ? undefined
            : new Error(`this is not ${node} but ${subject.CN}`),
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer from ${address}`)));
      sent.on('socket', (socket) =>
        (socket as TLSSocket).once('secureConnect', () => socket.setTimeout(SILENCE_MS)),
      );
      sent.on('error', reject);
      sent.on('response', (response) => {
        if (response.statusCode === 200) resolve(response);
        else {
          response.resume();
          reject(new Error(`it refused with status ${response.statusCode}`));
        }
      });
      sent.end();
    });
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
