// The two ReplicationControllers of a rolling update: how the new one is made of the old, what both carry so that an
// interrupted update is found again, and what makes a pair that cannot be told apart.
import { createHash } from 'node:crypto';
import { keyOf, type ReplicationController } from '../api/objects.ts';
import { CliError } from './cli-error.ts';

const PREFIX = 'kubectl.kubernetes.io/';
/** On the new one: `name:uid` of the old. */
export const SOURCE_ID = `${PREFIX}update-source-id`;
/** On the new one: how many it shall have. */
export const DESIRED_REPLICAS = `${PREFIX}desired-replicas`;
/** On the old one: how many it had. */
export const ORIGINAL_REPLICAS = `${PREFIX}original-replicas`;
/** On the old one: the name of the new. */
export const NEXT_CONTROLLER = `${PREFIX}next-controller-id`;
/** Tells the pods of two controllers apart that differ in their image alone. */
export const DEPLOYMENT_LABEL = 'deployment';

type NewController = Omit<ReplicationController, 'status'>;

export function isSameSource(newer: ReplicationController, old: ReplicationController): boolean {
  return newer.metadata.annotations?.[SOURCE_ID] === sourceIdOf(old);
}

export const sourceIdOf = ({ metadata }: ReplicationController) => `${metadata.name}:${metadata.uid}`;

export function annotatedCount(rc: ReplicationController, name: string): number | undefined {
  const text = rc.metadata.annotations?.[name];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Of the template alone: the same template always has the same hash, so an interrupted update finds itself. */
export function templateHashOf({ spec }: Pick<ReplicationController, 'spec'>): string {
  return createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 32);
}

/** The controller that `--image` asks for. @throws CliError when it is not clear whose image is meant. */
export function withImage(
  old: ReplicationController,
  choice: { image: string; container: string | undefined; name: string | undefined },
): NewController {
  const template = structuredClone(old.spec.template ?? {});
  const containers = template.spec?.containers ?? [];
  if (containers.length > 1 && !choice.container) {
    throw new CliError('this pod has several containers: say with --container which one gets the image');
  }
  const chosen = choice.container ? containers.find(({ name }) => name === choice.container) : containers[0];
  if (!chosen) throw new CliError(`container "${choice.container}" not found in ${keyOf(old)}`);
  if (chosen.image === choice.image) {
    throw new CliError(`${old.metadata.name} runs ${choice.image} already: give another image`);
  }
  chosen.image = choice.image;
  const hash = templateHashOf({ spec: { ...old.spec, template } });
  const label = { [DEPLOYMENT_LABEL]: hash };
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...label } };
  const { name, namespace, labels } = old.metadata;
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: {
      name: choice.name ?? `${name}-${hash}`,
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
    } as ReplicationController['metadata'],
    spec: { ...old.spec, selector: { ...old.spec.selector, ...label }, template },
  };
}

/** @throws CliError when pods of the one would be taken for the other's. */
export function checkPair(old: ReplicationController, next: NewController, source: string): void {
  if (next.metadata.name === old.metadata.name) {
    throw new CliError(
      `${source} cannot have the same name as the existing ReplicationController ${old.metadata.name}`,
    );
  }
  const own = next.metadata.namespace ?? old.metadata.namespace;
  if (own !== old.metadata.namespace) {
    throw new CliError(
      `${source} is in namespace ${own} and ${old.metadata.name} in ${old.metadata.namespace}: they must be in the same`,
    );
  }
  const selector = next.spec.selector ?? next.spec.template?.metadata?.labels ?? {};
  const differs = Object.entries(old.spec.selector ?? {}).some(
    ([key, value]) => selector[key] !== undefined && selector[key] !== value,
  );
  if (!differs) {
    throw new CliError(
      `${source} must specify a matching key with non-equal value in Selector for ${old.metadata.name}`,
    );
  }
}
