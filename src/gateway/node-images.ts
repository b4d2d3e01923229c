// status.images of a Node: what its board holds, the largest first, at most 50, as upstream's kubelet lists them.
// https://kubernetes.io/docs/reference/node/node-status/ Pure.
import { isDeepStrictEqual } from 'node:util';
import type { core, Node } from '../api/objects.ts';
import type { NodeImages } from '../mqtt/messages.ts';

const MOST_IMAGES = 50;

export function statusImages({ images }: NodeImages): core.ContainerImage[] {
  const sorted = images.toSorted((a, b) => b.sizeBytes - a.sizeBytes || a.id.localeCompare(b.id));
  return sorted.slice(0, MOST_IMAGES).map(({ names, sizeBytes }) => ({ names, sizeBytes }));
}

/** The Node with these images, or the same object where it has them already. */
export function withImages(node: Node, images: core.ContainerImage[] | undefined): Node {
  if (!images || isDeepStrictEqual(images, node.status?.images ?? [])) return node;
  return { ...node, status: { ...node.status, images } };
}
