// One manifest file → one static pod, complete as the API server would store it. Loaded with the first file.
// https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { pods } from '../../api/kinds/pod.ts';
import { validateMetadata } from '../../api/metadata.ts';
import { type Pod, timestamp } from '../../api/objects.ts';
import { podReferences } from '../../api/pod-references.ts';
import { loadSchema } from '../../api/schema/load-schema.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { CONFIG_HASH_ANNOTATION, CONFIG_SOURCE_ANNOTATION } from '../../api/static-pod.ts';
import type { Writable } from '../../api/writable.ts';

export interface ManifestFile {
  name: string;
  text: string;
  mtimeMs: number;
}

const MAX_ALIASES = 100;
/** No lost board drives away what only that board can run. */
const STAYS = { operator: 'Exists', effect: 'NoExecute' } as const;

/** Makes pods of files; holds the schema while it is needed. */
export async function manifestParser(nodeName: string): Promise<(file: ManifestFile) => Pod> {
  const schema = await loadSchema();
  return (file) => parse(schema, nodeName, file);
}

/** @throws Error that says in one line what is wrong with the file. */
function parse(schema: Schema, nodeName: string, file: ManifestFile): Pod {
  const pod = decode(schema, onlyDocument(file.text));
  if (!pod.metadata?.name) throw new Error('metadata.name is not set');
  const hash = createHash('sha256')
    .update(`${nodeName}\0${file.name}\0${file.text}`)
    .digest('hex')
    .slice(0, 32);
  const { namespace = 'default', name, labels, annotations } = pod.metadata;
  pod.metadata = {
    name: `${name}-${nodeName}`,
    namespace,
    uid: hash,
    resourceVersion: '0',
    creationTimestamp: timestamp(file.mtimeMs),
    ...(labels ? { labels } : {}),
    annotations: { ...annotations, [CONFIG_SOURCE_ANNOTATION]: 'file', [CONFIG_HASH_ANNOTATION]: hash },
  };
  delete pod.status;
  pods.setDefaults?.(pod as Pod);
  pod.spec.nodeName = nodeName;
  pod.spec.automountServiceAccountToken = false;
  pod.spec.tolerations = [...(pod.spec.tolerations ?? []), STAYS];
  check(pod as Pod);
  return pod as Pod;
}

function onlyDocument(text: string): unknown {
  const [document, second] = [...parseAllDocuments(text)];
  if (!document || second) throw new Error('the file must hold exactly one Pod');
  const problem = document.errors[0];
  if (problem) throw new Error(`not valid YAML: ${problem.message.split('\n')[0]}`);
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

function decode(schema: Schema, value: unknown): Writable<Pod> {
  const { apiVersion, kind } = (value ?? {}) as Record<string, unknown>;
  if (apiVersion !== 'v1' || kind !== 'Pod') throw new Error('the file must hold one Pod of apiVersion v1');
  const checked = schema.check(pods, value);
  const problem = [...checked.typeErrors, ...checked.unknownFields][0];
  if (problem) throw new Error(problem);
  return checked.value as unknown as Writable<Pod>;
}

/** What the API server would refuse, and what a pod without one cannot have. */
function check(pod: Pod): void {
  const errors = [...validateMetadata(pods, pod.metadata), ...(pods.validate?.(pod) ?? [])];
  const first = errors[0];
  if (first) throw new Error(`${first.field}: ${first.message}`);
  const { configMaps, secrets, claims } = podReferences(pod);
  const named = { configmaps: configMaps.size, secrets: secrets.size, persistentvolumeclaims: claims.size };
  const sort = Object.entries(named).find(([, count]) => count > 0)?.[0];
  if (sort) throw new Error(`a static pod may not reference ${sort}`);
  const { serviceAccountName } = pod.spec;
  if (serviceAccountName) throw new Error('a static pod may not reference serviceaccounts');
}
