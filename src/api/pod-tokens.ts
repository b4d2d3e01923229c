// The ServiceAccount tokens that a pod's projected volumes ask for, and how they travel to its board: as one Secret
// that no store holds, under a name that no object can have. Pure.
// https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
import type { core, Pod } from './objects.ts';

export interface PodTokenSource {
  /** Empty = the API server itself. */
  audience: string;
  expirationSeconds: number;
}

const DEFAULT_SECONDS = 3600;
/** No object's name holds a colon, so no Secret of a user is mistaken for it. */
const PREFIX = 'token:';

export const podTokensName = ({ metadata }: Pick<Pod, 'metadata'>): string => `${PREFIX}${metadata.name}`;

export const isPodTokensName = (name: string): boolean => name.startsWith(PREFIX);

export function tokenSource(projection: core.ServiceAccountTokenProjection): PodTokenSource {
  const { audience = '', expirationSeconds = DEFAULT_SECONDS } = projection;
  return { audience, expirationSeconds };
}

/** Under which key of the Secret its token stands. */
export const podTokenKey = ({ audience, expirationSeconds }: PodTokenSource): string =>
  `${expirationSeconds} ${audience}`;

/** Each once; empty for a pod that asks for none. */
export function podTokenSources({ spec }: Pick<Pod, 'spec'>): PodTokenSource[] {
  const found = new Map<string, PodTokenSource>();
  for (const { projected } of spec.volumes ?? []) {
    for (const { serviceAccountToken } of projected?.sources ?? []) {
      if (!serviceAccountToken) continue;
      const source = tokenSource(serviceAccountToken);
      found.set(podTokenKey(source), source);
    }
  }
  return [...found.values()];
}
