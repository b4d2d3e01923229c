// APPLY: a configuration laid over what is there, or a new object made of it; decided within the store's write, so
// it never conflicts but with what other managers own.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
import { applyConfig } from '../../api/apply/apply-config.ts';
import { type ApplyType, applyTypeOf } from '../../api/apply/apply-type.ts';
import { type FieldWriter, type ManagedFieldsEntry, writeOwners } from '../../api/apply/managed-fields.ts';
import { type KubeObject, timestamp } from '../../api/objects.ts';
import type { JsonObject } from '../../api/schema/json.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { isAlreadyExists, isNotFound, notFound } from '../../api/status-error.ts';
import { createObject } from './create.ts';
import { asJson, type FieldRecorder, ownersBefore } from './field-recorder.ts';
import { storeKey } from './keys.ts';
import { allowedByLastApplied, withLastApplied } from './last-applied.ts';
import { resourceSubject } from './prepare.ts';
import type { RegistryContext } from './registry-context.ts';
import { type UpdateOptions, updateObject, type WriteScope } from './update.ts';

/** What of a pod's spec its subresources write, and nothing else. */
const POD_PARTS = {
  ephemeralcontainers: ['ephemeralContainers'],
  resize: ['containers', 'initContainers'],
} as const;
type PodScope = keyof typeof POD_PARTS;

/** Which part of an object may be applied. */
export type ApplyScope = Extract<WriteScope, 'main' | 'status' | 'approval' | PodScope>;

export interface ApplyOptions extends Pick<UpdateOptions, 'guard' | 'warn'> {
  writer: FieldWriter;
  scope: ApplyScope;
  /** Take what other managers own. */
  force: boolean;
  dryRun?: boolean | undefined;
  /** Completes an object that is not there yet; what it adds is nobody's. */
  prepareNew?: ((object: KubeObject) => void) | undefined;
  /** Fills in and checks what the application made; throws a StatusError to refuse it. */
  complete?: ((object: KubeObject, previous?: KubeObject) => KubeObject) | undefined;
}

export interface ApplyResult {
  object: KubeObject;
  created: boolean;
}

/** Somebody else may create or delete the object while we look. */
const TRIES = 5;

/** `config` holds only what its manager wants to own; it is left as it is. */
export async function applyObject(
  context: RegistryContext,
  kind: KindDefinition,
  config: KubeObject,
  options: ApplyOptions,
): Promise<ApplyResult> {
  const { name, namespace } = config.metadata;
  const application = new ObjectApplication(await context.schema(), kind, config, options, context);
  const { scope, dryRun, guard, warn, complete = (object) => object } = options;
  for (let tries = 1; ; tries++) {
    const exists = context.store.get(storeKey(kind, namespace, name)) !== undefined;
    if (!exists && options.writer.subresource) throw notFound(resourceSubject(kind, name));
    try {
      if (!exists) {
        const recorder = application.newRecorder();
        const fresh = structuredClone(complete(config));
        options.prepareNew?.(fresh);
        const object = await createObject(context, kind, fresh, { dryRun, guard, warn, recorder });
        return { object, created: true };
      }
      const change = (current: KubeObject) => complete(application.change(current), current);
      const recorder = application.recorder;
      const update = { scope, dryRun, guard, warn, recorder };
      return {
        object: await updateObject(context, kind, namespace, name, change, update),
        created: false,
      };
    } catch (error) {
      const isRace = exists ? isNotFound(error) : isAlreadyExists(error);
      if (!isRace || tries === TRIES) throw error;
    }
  }
}

class ObjectApplication {
  /** Hands over what {@link change} decided last. */
  readonly recorder: FieldRecorder = { after: () => this.#entries };
  readonly #schema: Schema;
  readonly #kind: KindDefinition;
  readonly #config: KubeObject;
  readonly #options: ApplyOptions;
  readonly #type: ApplyType;
  readonly #now: string;
  #entries: ManagedFieldsEntry[] | undefined;

  constructor(
    schema: Schema,
    kind: KindDefinition,
    config: KubeObject,
    options: ApplyOptions,
    { clock }: Pick<RegistryContext, 'clock'>,
  ) {
    this.#schema = schema;
    this.#kind = kind;
    this.#config = configInScope(kind, config, options.scope);
    this.#options = options;
    this.#type = applyTypeOf(schema, kind);
    this.#now = timestamp(clock.now());
  }

  /** For an object that is not there yet: all that is applied is owned, and nothing else. */
  newRecorder(): FieldRecorder {
    this.#apply({}, undefined);
    return this.recorder;
  }

  /** @throws StatusError Conflict naming the fields that others own. */
  change(current: KubeObject): KubeObject {
    const { metadata, ...rest } = asJson(current);
    const { managedFields: _entries, ...kept } = metadata as JsonObject;
    return this.#apply({ ...rest, metadata: kept }, current);
  }

  #apply(live: JsonObject, current: KubeObject | undefined): KubeObject {
    const { writer, force } = this.#options;
    const { object, owners } = applyConfig({
      type: this.#type,
      live,
      config: asJson(this.#config),
      owners: ownersBefore(current),
      writer,
      apiVersion: apiVersionOf(this.#kind),
      force,
      allowed: allowedByLastApplied(this.#schema, this.#kind, this.#type, writer, current),
      now: this.#now,
    });
    this.#entries = writeOwners(owners);
    return withLastApplied(structuredClone(object) as unknown as KubeObject, this.#config, writer, current);
  }
}

/** As upstream: what the other endpoint writes is neither applied nor owned. */
function configInScope(kind: KindDefinition, config: KubeObject, scope: ApplyScope): KubeObject {
  const { status, ...rest } = config as KubeObject & { status?: Fragment };
  if (scope === 'main') return kind.hasStatus ? rest : config;
  const { apiVersion, kind: kindName, metadata } = config;
  const { ownerReferences: _owners, finalizers: _finalizers, ...kept } = metadata;
  const head = { apiVersion, kind: kindName };
  if (scope === 'ephemeralcontainers' || scope === 'resize') {
    const { labels: _labels, annotations: _annotations, ...named } = kept;
    const { spec } = config as KubeObject & { spec?: Fragment };
    return { ...head, metadata: named, ...only('spec', spec, ...POD_PARTS[scope]) } as KubeObject;
  }
  if (scope === 'approval') return { ...head, metadata: kept, ...only('status', status, 'conditions') };
  return { ...head, metadata: kept, ...(status === undefined ? {} : { status }) };
}

type Fragment = Record<string, unknown>;

/** `{part: {field: …}}` of what a configuration says; nothing where it does not say it. */
function only(part: string, said: Fragment | undefined, ...fields: string[]): Fragment {
  const kept = fields.flatMap((field) => (said?.[field] === undefined ? [] : [[field, said[field]]]));
  return kept.length > 0 ? { [part]: Object.fromEntries(kept) } : {};
}
