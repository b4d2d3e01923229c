// Rather a board that holds the pod's images, but not so much that all pods of an image end on one board.
// Source: pkg/scheduler/framework/plugins/imagelocality
import type { NodeUsage } from '../node-usage.ts';
import type { Score, ScoreInput } from './score.ts';

const LEAST_BYTES = 23 * 1024 * 1024;
const MOST_BYTES_PER_CONTAINER = 1000 * 1024 * 1024;

export const imageLocality: Score = (input) => {
  const { initContainers = [], containers = [], volumes = [] } = input.load.pod.spec;
  const own = [...initContainers, ...containers].map(({ image }) => image ?? '');
  // Newer than the types at hand.
  const mounted = (volumes as { image?: { reference?: string } }[]).flatMap(
    ({ image }) => image?.reference ?? [],
  );
  const images = [...own, ...mounted].map(canonicalName);
  const most = MOST_BYTES_PER_CONTAINER * own.length;
  const shares = new Map(images.map((image) => [image, shareOfBoards(input, image)]));
  if ([...shares.values()].every((share) => share === 0)) return undefined;
  return input.usages.map((usage) => {
    const sum = images.reduce(
      (total, image) => total + Math.trunc(bytesOf(usage, image) * (shares.get(image) ?? 0)),
      0,
    );
    const bytes = Math.min(Math.max(sum, LEAST_BYTES), most);
    return Math.trunc((100 * (bytes - LEAST_BYTES)) / (most - LEAST_BYTES));
  });
};

function shareOfBoards({ world: { usages } }: ScoreInput, image: string): number {
  return usages.filter((usage) => usage.images.has(image)).length / usages.length;
}

const bytesOf = ({ images }: NodeUsage, image: string): number => images.get(image) ?? 0;

/** `name` means `name:latest`; a digest or a tag stands. */
function canonicalName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
