// CREATE: fills in what the server decides, checks, and writes once. Nothing is taken or stored when it fails.
import { generatedName } from '../../api/metadata.ts';
import { type KubeObject, type ObjectMeta, timestamp } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { alreadyExists, badRequest, isAlreadyExists, StatusError } from '../../api/status-error.ts';
import { storeKey } from './keys.ts';
import {
  assignOrDelete,
  dropUnkept,
  type Fields,
  resourceSubject,
  stamped,
  validateNew,
  type Writable,
  withTypeMeta,
} from './prepare.ts';
import { type RegistryContext, strategyOf } from './registry-context.ts';
import type { Strategy } from './strategy.ts';

const NAME_TRIES = 8;

export interface CreateOptions {
  dryRun?: boolean | undefined;
}

/** `object` is a private copy and may be changed. */
export async function createObject(
  context: RegistryContext,
  kind: KindDefinition,
  object: KubeObject,
  options: CreateOptions = {},
): Promise<KubeObject> {
  const wantsName = !object.metadata.name && !!object.metadata.generateName;
  for (let tries = 1; ; tries++) {
    const attempt = withTypeMeta(kind, structuredClone(object));
    if (wantsName) attempt.metadata.name = generatedName(attempt.metadata.generateName ?? '', context.random);
    try {
      return await createNamed(context, kind, attempt, options);
    } catch (error) {
      if (!wantsName || !isAlreadyExists(error)) throw error;
      if (tries === NAME_TRIES) throw collided(error);
    }
  }
}

function collided(error: StatusError): StatusError {
  return new StatusError(error.code, error.reason, error.message, { ...error.details, retryAfterSeconds: 1 });
}

async function createNamed(
  context: RegistryContext,
  kind: KindDefinition,
  next: Fields,
  options: CreateOptions,
): Promise<KubeObject> {
  prepare(context, kind, next);
  const { name, namespace } = next.metadata;
  if (kind.namespaced) context.gate.admit(kind, namespace ?? '', name);
  const key = storeKey(kind, namespace, name);
  const strategy = strategyOf(context, kind);
  if (options.dryRun) return createDry(context, kind, strategy, key, next);
  const write = { volatile: kind.volatile ?? false };
  const entry = await context.store.write(
    key,
    (current, revision) => {
      if (current) throw alreadyExists(resourceSubject(kind, name));
      strategy.reserve?.(next, undefined);
      return { put: stamped(next, revision) };
    },
    write,
  );
  if (!entry) throw new Error(`the store kept nothing under ${key}`);
  return entry.value;
}

function createDry(
  context: RegistryContext,
  kind: KindDefinition,
  strategy: Strategy,
  key: string,
  next: Fields,
): KubeObject {
  if (context.store.get(key)) throw alreadyExists(resourceSubject(kind, next.metadata.name));
  strategy.reserve?.(next, undefined).undo();
  return next;
}

function prepare(context: RegistryContext, kind: KindDefinition, next: Fields): void {
  const metadata: Writable<ObjectMeta> = next.metadata;
  if (metadata.resourceVersion) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  dropUnkept(metadata);
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  metadata.uid = context.newUid();
  metadata.creationTimestamp = timestamp(context.clock.now());
  assignOrDelete(metadata, 'generation', next.spec === undefined ? undefined : 1);
  const strategy = strategyOf(context, kind);
  if (kind.hasStatus && !strategy.acceptsStatusAtCreate) delete next.status;
  kind.setDefaults?.(next);
  strategy.prepareForCreate?.(next);
  if (next.spec !== undefined) metadata.generation = 1;
  validateNew(kind, next);
}
