// Flags of the agent about images: where they come from, and when they go.
import { resolve } from 'node:path';
import type { Flags, FlagValues } from './flags.ts';

export interface ImageOptions {
  podInfraImage?: string | undefined;
  registriesFile?: string | undefined;
}

export const imageFlags: Flags = {
  'pod-infra-image': {
    value: 'IMAGE',
    help: "image of pods' pause containers; one is made on the board unless given",
  },
  registries: {
    value: 'FILE',
    help: "mirrors, authorities and credentials of registries for this board; the cluster's are in the ConfigMap kube-system/registries",
  },
};

export function imageOptions(values: FlagValues): ImageOptions {
  return {
    podInfraImage: values['pod-infra-image'],
    registriesFile: values.registries && resolve(values.registries),
  };
}
