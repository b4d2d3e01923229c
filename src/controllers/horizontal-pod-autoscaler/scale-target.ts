// Finds what an autoscaler scales: any kind with a scale subresource, built in or custom, in whatever version the
// reference names. Rejects with the words that people read in the condition.
import { type HorizontalPodAutoscaler, type KubeObject, splitKey } from '../../api/objects.ts';
import { groupOf, type KindDefinition, type ScalePaths } from '../../api/scheme.ts';
import { allKinds } from '../../api/scheme-table.ts';
import type { CustomKindSource } from '../../api/served-kinds.ts';
import { isNotFound, notFound, StatusError } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';

export interface FoundTarget {
  kind: KindDefinition;
  key: string;
  specReplicas: number;
  statusReplicas: number;
  /** Text form; empty when the target has none. */
  selector: string;
}

/** The target cannot be read; the message is shown to people. */
export class TargetError extends Error {}

export async function findTarget(
  client: Client,
  customKinds: CustomKindSource | undefined,
  { metadata, spec }: HorizontalPodAutoscaler,
): Promise<FoundTarget> {
  const { apiVersion = '', kind: kindName, name } = spec.scaleTargetRef;
  const group = groupOfTarget(apiVersion);
  const kinds = [...allKinds, ...(customKinds?.custom ?? [])];
  const kind = kinds.find((one) => one.kind === kindName && one.group === group);
  if (!kind) {
    throw new TargetError(`no matches for kind "${kindName}" in group "${group}"`);
  }
  if (!kind.scale || !kind.namespaced)
    throw new TargetError('the server could not find the requested resource');
  const key = `${metadata.namespace ?? ''}/${name}`;
  return { kind, key, ...(await readScale(client, kind, kind.scale, key)) };
}

async function readScale(client: Client, kind: KindDefinition, scale: ScalePaths, key: string) {
  try {
    const object = await client.get<KubeObject>(kind, key);
    const [specReplicas, statusReplicas] = [scale.specReplicas(object), scale.statusReplicas(object)];
    return { specReplicas, statusReplicas, selector: scale.selector(object) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const isOfOurs = isNotFound(error) && allKinds.includes(kind);
    throw new TargetError(isOfOurs ? notFoundScale(kind, key) : error.message);
  }
}

function groupOfTarget(apiVersion: string): string {
  if (apiVersion.split('/').length > 2)
    throw new TargetError(`unexpected GroupVersion string: ${apiVersion}`);
  return groupOf(apiVersion);
}

/** Upstream's built-in kinds say it of the subresource, custom ones of the object. */
function notFoundScale({ group, plural }: KindDefinition, key: string): string {
  return notFound({ group, kind: `${plural}/scale`, name: splitKey(key).name }).message;
}
