// CREATE: fills in what the server decides, checks, and writes once. Nothing is taken or stored when it fails.
import type { FieldWriter } from '../../api/apply/managed-fields.ts';
import { generatedName } from '../../api/metadata.ts';
import { type KubeObject, type ObjectMeta, timestamp } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { alreadyExists, badRequest, isAlreadyExists, StatusError } from '../../api/status-error.ts';
import type { Decision, Entry } from '../../store/store.ts';
import type { Warn } from '../admission/admission.ts';
import { type FieldRecorder, recordFields, updateRecorder } from './field-recorder.ts';
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
import type { Reservation, Strategy } from './strategy.ts';

const NAME_TRIES = 8;

export interface CreateOptions {
  dryRun?: boolean | undefined;
  /** Whose fields are recorded; nobody's unless said. */
  writer?: FieldWriter | undefined;
  /** Records instead of the one that `writer` would get. */
  recorder?: FieldRecorder | undefined;
  /** Looks at the object as it would be stored; throws a StatusError to refuse. */
  guard?: WriteGuard | undefined;
  /** Hears what the writer should be told. */
  warn?: Warn | undefined;
}

export type WriteGuard = (next: KubeObject, previous: KubeObject | undefined) => void;

/** `object` is a private copy and may be changed. */
export async function createObject(
  context: RegistryContext,
  kind: KindDefinition,
  object: KubeObject,
  options: CreateOptions = {},
): Promise<KubeObject> {
  const { writer } = options;
  const recorder = options.recorder ?? (writer && (await recorderOf(context, kind, writer)));
  const wantsName = !object.metadata.name && !!object.metadata.generateName;
  for (let tries = 1; ; tries++) {
    const attempt = withTypeMeta(kind, structuredClone(object));
    if (wantsName) attempt.metadata.name = generatedName(attempt.metadata.generateName ?? '', context.random);
    try {
      return await createNamed(context, kind, attempt, { ...options, recorder });
    } catch (error) {
      if (!wantsName || !isAlreadyExists(error)) throw error;
      if (tries === NAME_TRIES) throw collided(error);
    }
  }
}

const recorderOf = async ({ schema, clock }: RegistryContext, kind: KindDefinition, writer: FieldWriter) =>
  updateRecorder(await schema(), kind, writer, timestamp(clock.now()));

function collided(error: StatusError): StatusError {
  return new StatusError(error.code, error.reason, error.message, { ...error.details, retryAfterSeconds: 1 });
}

async function createNamed(
  context: RegistryContext,
  kind: KindDefinition,
  next: Fields,
  options: CreateOptions,
): Promise<KubeObject> {
  prepare(context, kind, next, options.recorder);
  context.admission.check(kind, next, undefined, options.warn ?? (() => {}));
  options.guard?.(next, undefined);
  const { name, namespace } = next.metadata;
  if (kind.namespaced) context.gate.admit(kind, namespace ?? '', name);
  const key = storeKey(kind, namespace, name);
  const strategy = strategyOf(context, kind);
  if (options.dryRun) return createDry(context, kind, strategy, key, next);
  const decide = (current: Entry | undefined, revision: number): Decision => {
    if (current) throw alreadyExists(resourceSubject(kind, name));
    const reservation = reserveNew(context, kind, strategy, key, next);
    return { put: stamped(next, revision), undo: () => reservation.undo() };
  };
  const entry = await context.store
    .write(key, decide, { volatile: kind.volatile ?? false })
    .finally(() => context.admission.accounting.settled(key, next));
  if (!entry) throw new Error(`the store kept nothing under ${key}`);
  return entry.value;
}

function reserveNew(
  context: RegistryContext,
  kind: KindDefinition,
  strategy: Strategy,
  key: string,
  next: Fields,
): Reservation {
  const own = strategy.reserve?.(next, undefined);
  try {
    const charged = context.admission.accounting.charge({ kind, key, next, previous: undefined }, true);
    return {
      undo() {
        charged.undo();
        own?.undo();
      },
    };
  } catch (error) {
    own?.undo();
    throw error;
  }
}

function createDry(
  context: RegistryContext,
  kind: KindDefinition,
  strategy: Strategy,
  key: string,
  next: Fields,
): KubeObject {
  if (context.store.get(key)) throw alreadyExists(resourceSubject(kind, next.metadata.name));
  reserveNew(context, kind, strategy, key, next).undo();
  return next;
}

function prepare(
  context: RegistryContext,
  kind: KindDefinition,
  next: Fields,
  recorder: FieldRecorder | undefined,
): void {
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
  recordFields(recorder, next, undefined);
  context.admission.prepare(kind, next);
  strategy.prepareForCreate?.(next);
  if (next.spec !== undefined) metadata.generation = 1;
  validateNew(kind, next);
}
