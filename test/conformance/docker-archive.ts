// Writes several images that share layers as one archive for `podman load`, without podman: the layout of
// `docker save` (moby's image specification 1.2: manifest.json, one JSON file per image, one tar file per layer).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ArchivedImage {
  /** With registry and tag. */
  name: string;
  /** Paths of tar files, the lowest first. */
  layers: readonly string[];
  /** As in the image's JSON: `Cmd`, `Entrypoint`, `Env`, `User`, … */
  config: Readonly<Record<string, unknown>>;
}

/** `target` appears when it is complete. */
export async function writeDockerArchive(images: readonly ArchivedImage[], target: string): Promise<void> {
  const folder = `${target}.parts`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const digests = new Map<string, string>();
  for (const path of new Set(images.flatMap(({ layers }) => layers))) {
    const digest = await sha256(path);
    digests.set(path, digest);
    await link(path, join(folder, `${digest}.tar`));
  }
  const manifest: object[] = [];
  for (const image of images) manifest.push(await describe(image, digests, folder));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await run('tar', ['-C', folder, '-cf', `${target}.part`, '.']);
  await rm(folder, { recursive: true });
  await rename(`${target}.part`, target);
}

async function describe(image: ArchivedImage, digests: ReadonlyMap<string, string>, folder: string) {
  const layers = image.layers.map((path) => digests.get(path));
  const text = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: layers.map((digest) => `sha256:${digest}`) },
    history: image.layers.map(() => ({ created: '1970-01-01T00:00:00Z' })),
  });
  const file = `${createHash('sha256').update(text).digest('hex')}.json`;
  await writeFile(join(folder, file), text);
  return { Config: file, RepoTags: [image.name], Layers: layers.map((digest) => `${digest}.tar`) };
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
