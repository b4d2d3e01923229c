// Deployments and ReplicaSets for pure decisions: only what a test names differs from plain ones.
import type { apps, Deployment, ReplicaSet } from '../../src/api/objects.ts';
import type { Rollout } from '../../src/controllers/deployment-revisions.ts';

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

export interface DeploymentTraits {
  spec?: Partial<apps.DeploymentSpec>;
  annotations?: Record<string, string>;
  generation?: number;
  status?: apps.DeploymentStatus;
}

/** Of ten pods with image `new` and upstream's default strategy. */
export function makeDeployment({
  spec,
  annotations,
  generation = 1,
  status,
}: DeploymentTraits = {}): Deployment {
  const rollingUpdate = { maxSurge: '25%', maxUnavailable: '25%' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-web',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation,
      ...(annotations ? { annotations } : {}),
    },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      template: template('new'),
      strategy: { type: 'RollingUpdate', rollingUpdate },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
    },
    ...(status ? { status } : {}),
  };
}

export interface SetTraits {
  name?: string;
  image?: string;
  size: number;
  /** All that it asks for unless said. */
  available?: number;
  /** Pods that exist; all that it asks for unless said. */
  pods?: number;
  /** Minutes after the first; a higher one is younger. */
  age?: number;
  annotations?: Record<string, string>;
  status?: Partial<apps.ReplicaSetStatus>;
}

export function makeSet({
  name = 'set',
  image = 'old',
  size,
  age = 0,
  annotations,
  ...rest
}: SetTraits): ReplicaSet {
  const { available = size, pods = size } = rest;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, age)).toISOString(),
      generation: 1,
      ...(annotations ? { annotations } : {}),
    },
    spec: { replicas: size, selector: { matchLabels: { app: 'web' } }, template: template(image) },
    status: {
      replicas: pods,
      readyReplicas: available,
      availableReplicas: available,
      observedGeneration: 1,
      ...rest.status,
    },
  };
}

/** The sets are old but for the one named `new`. */
export function makeRollout(deployment: Deployment, ...sets: ReplicaSet[]): Rollout {
  const newSet = sets.find(({ metadata }) => metadata.name === 'new');
  return { deployment, newSet, oldSets: sets.filter((set) => set !== newSet) };
}
