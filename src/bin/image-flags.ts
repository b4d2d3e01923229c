// Flags of the agent about images: where they come from, who gets them, and when they go.
import { resolve } from 'node:path';
import type { ImageSettings } from '../kubelet/images/board-images.ts';
import { defaultCollectionLimits } from '../kubelet/images/decide-collection.ts';
import { durationMs, type Flags, type FlagValues, numberIn, port, UsageError } from './flags.ts';

export interface AgentImages extends Omit<ImageSettings, 'imageExchange'> {
  /** 0 = boards give no images to each other. */
  imagePort?: number;
}

export const DEFAULT_IMAGE_PORT = 10270;

export const imageFlags: Flags = {
  'pod-infra-image': {
    value: 'IMAGE',
    help: "image of pods' pause containers; one is made on the board unless given",
  },
  registries: {
    value: 'FILE',
    help: "registries.yaml of this board: mirrors, authorities, credentials; the cluster's is ConfigMap kube-system/registries",
  },
  'image-folder': {
    value: 'DIR',
    help: "whose image archives are taken in, beside DATA-DIR/images; such as a folder on the card's boot partition",
  },
  'image-port': {
    value: 'N',
    help: 'where boards give images to each other, the same on all boards; 0 = they do not',
    default: `${DEFAULT_IMAGE_PORT}`,
  },
  'image-gc-high-threshold': {
    value: 'PERCENT',
    help: 'of the disk in use: from here on images that nobody uses are removed; 100 = never',
    default: `${defaultCollectionLimits.highPercent}`,
  },
  'image-gc-low-threshold': {
    value: 'PERCENT',
    help: 'of the disk in use: down to here',
    default: `${defaultCollectionLimits.lowPercent}`,
  },
  'minimum-image-ttl-duration': {
    value: 'DURATION',
    help: 'an image that came later than this is not removed',
    default: '2m',
  },
};

export function agentImages(values: FlagValues): AgentImages {
  const percent = { lowest: 0, highest: 100, isWhole: true };
  const highPercent = numberIn(values, 'image-gc-high-threshold', percent);
  const lowPercent = numberIn(values, 'image-gc-low-threshold', percent);
  if (lowPercent >= highPercent)
    throw new UsageError('--image-gc-low-threshold must be lower than --image-gc-high-threshold');
  const folder = values['image-folder'];
  return {
    podInfraImage: values['pod-infra-image'],
    registriesFile: values.registries && resolve(values.registries),
    imageFolders: folder ? [resolve(folder)] : [],
    imagePort: port(values, 'image-port', 0),
    imageLimits: { highPercent, lowPercent, minAgeMs: durationMs(values, 'minimum-image-ttl-duration') },
  };
}
