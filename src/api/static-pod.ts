// Static pods: made from a file on a board, shown at the master by a mirror pod that nobody schedules or runs.
// https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
import type { Pod } from './objects.ts';

export const CONFIG_SOURCE_ANNOTATION = 'kubernetes.io/config.source';
export const CONFIG_HASH_ANNOTATION = 'kubernetes.io/config.hash';
/** On the mirror: the hash of the static pod that it shows. */
export const CONFIG_MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

export const isStaticPod = ({ metadata }: Pod): boolean =>
  metadata.annotations?.[CONFIG_SOURCE_ANNOTATION] === 'file' && !isMirrorPod({ metadata });

export const isMirrorPod = ({ metadata }: Pick<Pod, 'metadata'>): boolean =>
  metadata.annotations?.[CONFIG_MIRROR_ANNOTATION] !== undefined;

/** The uid by which its board knows a pod: a mirror's object has one of its own. */
export const uidOnBoard = ({ metadata }: Pick<Pod, 'metadata'>): string =>
  metadata.annotations?.[CONFIG_MIRROR_ANNOTATION] ?? metadata.uid;
