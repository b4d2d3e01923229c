// UPDATE and PATCH of an object or one of its subresources: read, change, check and write in one decision of the
// store, so there is nothing to retry. A write that changes nothing draws no revision.
import { isDeepStrictEqual } from 'node:util';
import { type FieldWriter, managedFieldsOf } from '../../api/apply/managed-fields.ts';
import { type core, type KubeObject, timestamp } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { badRequest, notFound } from '../../api/status-error.ts';
import type { Decision, Entry } from '../../store/store.ts';
import type { Warn } from '../admission/admission.ts';
import type { WriteGuard } from './create.ts';
import { isReadyToGo } from './deletion.ts';
import { type FieldRecorder, recordFields, updateRecorder, writerOf } from './field-recorder.ts';
import { storeKey } from './keys.ts';
import {
  bumpGeneration,
  checkPreconditions,
  type Fields,
  keepServerMetadata,
  resourceSubject,
  stamped,
  validateChange,
  withTypeMeta,
} from './prepare.ts';
import { type RegistryContext, strategyOf } from './registry-context.ts';
import type { Reservation } from './strategy.ts';

/** Which part of an object a write may touch. */
export type WriteScope = 'main' | 'status' | 'approval' | 'finalize' | 'binding' | SpecScope;

/** Parts of a pod's spec that may change when the rest may not: it is a change of the spec all the same. */
type SpecScope = 'ephemeralcontainers' | 'resize';

export interface UpdateOptions {
  scope?: WriteScope;
  dryRun?: boolean | undefined;
  /** Whose fields are recorded; the server's own, and only where somebody has applied, unless said. */
  writer?: FieldWriter | undefined;
  /** Records instead of the one that `writer` would get. */
  recorder?: FieldRecorder | undefined;
  /** Looks at the object as it would be stored; throws a StatusError to refuse. */
  guard?: WriteGuard | undefined;
  /** Hears what the writer should be told. */
  warn?: Warn | undefined;
}

/** Gives the wanted object, a private copy; gets the shared current one. Throws a StatusError to refuse. */
export type Change = (current: KubeObject) => KubeObject;

/** Resolves with the object after the write; with its last state when the write removed it. */
export async function updateObject(
  context: RegistryContext,
  kind: KindDefinition,
  namespace: string | undefined,
  name: string,
  change: Change,
  options: UpdateOptions = {},
): Promise<KubeObject> {
  const key = storeKey(kind, namespace, name);
  const writer = options.recorder ? undefined : writerNow(context, key, options);
  const recorder = writer
    ? updateRecorder(await context.schema(), kind, writer, timestamp(context.clock.now()))
    : options.recorder;
  const update = new Update(context, kind, key, name, change, { ...options, recorder });
  if (options.dryRun) return update.dry(context.store.get(key));
  const write = { volatile: kind.volatile ?? false };
  const entry = await context.store
    .write(key, (current, revision) => update.decide(current, revision), write)
    .finally(() => update.settle());
  if (update.removed) strategyOf(context, kind).release?.(update.removed);
  return update.removed ?? entry?.value ?? update.missing();
}

function writerNow({ store }: RegistryContext, key: string, { writer, scope }: UpdateOptions) {
  return writerOf(writer, store.get(key)?.value, scope === 'status' ? scope : undefined);
}

class Update {
  /** Last state of an object that this write removed. */
  removed: KubeObject | undefined;
  readonly #context: RegistryContext;
  readonly #kind: KindDefinition;
  readonly #key: string;
  readonly #name: string;
  readonly #change: Change;
  readonly #options: UpdateOptions;
  readonly #scope: WriteScope;
  /** What the decision made of the object; `undefined` = removed, or nothing was decided. */
  #decided: Fields | undefined;

  constructor(
    context: RegistryContext,
    kind: KindDefinition,
    key: string,
    name: string,
    change: Change,
    options: UpdateOptions,
  ) {
    this.#context = context;
    this.#kind = kind;
    this.#key = key;
    this.#name = name;
    this.#change = change;
    this.#options = options;
    this.#scope = options.scope ?? 'main';
  }

  decide(entry: Entry | undefined, revision: number): Decision {
    this.removed = undefined;
    this.#decided = undefined;
    const current = entry?.value ?? this.missing();
    const { next, reservation } = this.#next(current);
    if (isReadyToGo(strategyOf(this.#context, this.#kind), next)) {
      const charged = this.#charge(undefined, current);
      this.removed = stamped(next, revision);
      return { remove: next, undo: () => charged.undo() };
    }
    if (jsonEqual(next, current)) return undefined;
    const undo = this.#take(next, current, reservation);
    this.#decided = next;
    return { put: stamped(next, revision), moving: this.#isMoving(next, current), undo };
  }

  /** Gives what gives all of it back. */
  #take(next: Fields, current: Fields, reservation: Reservation | undefined): () => void {
    try {
      const charged = this.#charge(next, current);
      return () => {
        charged.undo();
        reservation?.undo();
      };
    } catch (error) {
      reservation?.undo();
      throw error;
    }
  }

  /** Of what a status write changes alone: nothing else was promised to anybody. */
  #isMoving(next: Fields, current: Fields): boolean {
    return (
      this.#scope === (this.#kind.hasStatus ? 'status' : 'main') &&
      this.#kind.isMoving?.(next, current) === true &&
      hasSameMarks(next, current)
    );
  }

  /** Once the write can be read, or has failed. */
  settle(): void {
    this.#context.admission.accounting.settled(this.#key, this.#decided);
  }

  /** Status and bindings are facts: they are counted, not refused. */
  #charge(next: Fields | undefined, previous: Fields): Reservation {
    const change = { kind: this.#kind, key: this.#key, next, previous };
    return this.#context.admission.accounting.charge(change, isOfSpec(this.#scope) && next !== undefined);
  }

  dry(entry: Entry | undefined): KubeObject {
    const current = entry?.value ?? this.missing();
    const { next, reservation } = this.#next(current);
    reservation?.undo();
    this.#charge(next, current).undo();
    return next;
  }

  missing(): never {
    throw notFound(resourceSubject(this.#kind, this.#name));
  }

  /** A binding sets what a client's update may not. */
  #checked(next: Fields, current: Fields): Fields {
    if (this.#scope !== 'binding') validateChange(this.#kind, next, current, this.#scope);
    return next;
  }

  #next(current: Fields): { next: Fields; reservation: Reservation | undefined } {
    const kind = this.#kind;
    const wanted = withTypeMeta(kind, this.#change(current));
    if (wanted.metadata.name !== this.#name) {
      throw badRequest(
        `the name of the object (${wanted.metadata.name}) does not match the name on the URL (${this.#name})`,
      );
    }
    checkPreconditions(kind, wanted.metadata, current.metadata);
    const sent = this.#scope === 'main' ? managedFieldsOf(wanted.metadata) : undefined;
    const next = inScope(kind, this.#scope, wanted, current);
    keepServerMetadata(next.metadata, current.metadata);
    kind.setDefaults?.(next);
    recordFields(this.#options.recorder, next, current, sent);
    if (!isOfSpec(this.#scope)) {
      strategyOf(this.#context, kind).prepareForStatus?.(next, current, this.#scope);
      this.#options.guard?.(next, current);
      return { next: this.#checked(next, current), reservation: undefined };
    }
    const strategy = strategyOf(this.#context, kind);
    strategy.prepareForUpdate?.(next, current);
    bumpGeneration(next, current);
    validateChange(kind, next, current, this.#scope === 'main' ? undefined : this.#scope);
    this.#context.admission.check(kind, next, current, this.#options.warn ?? (() => {}));
    this.#options.guard?.(next, current);
    return { next, reservation: strategy.reserve?.(next, current) };
  }
}

const isOfSpec = (scope: WriteScope): boolean =>
  scope === 'main' || scope === 'ephemeralcontainers' || scope === 'resize';

/** A status write may label and annotate too, and that lasts. */
const hasSameMarks = ({ metadata: a }: Fields, { metadata: b }: Fields): boolean =>
  isDeepStrictEqual([a.labels, a.annotations], [b.labels, b.annotations]);

/** The object that results when only `scope` of `wanted` counts. */
function inScope(kind: KindDefinition, scope: WriteScope, wanted: Fields, current: Fields): Fields {
  if (scope === 'main') return kind.hasStatus ? withField(wanted, 'status', current.status) : wanted;
  if (scope === 'finalize') return withFinalizers(wanted, current);
  if (scope === 'binding') return wanted;
  if (scope === 'ephemeralcontainers') return withEphemeralContainers(wanted, current);
  if (scope === 'resize') return withResources(wanted, current);
  if (scope === 'approval') return marked(withConditions(wanted, current), wanted);
  return marked(withField(structuredClone(current), 'status', wanted.status), wanted);
}

/** As upstream: who may write the status may label and annotate, but neither own nor hold the object. */
function marked(next: Fields, { metadata: { labels, annotations } }: Fields): Fields {
  if (labels !== undefined) next.metadata.labels = labels;
  if (annotations !== undefined) next.metadata.annotations = annotations;
  return next;
}

function withField(object: Fields, field: 'status', value: unknown): Fields {
  const next = { ...object };
  if (value === undefined) delete next[field];
  else next[field] = value;
  return next;
}

/** Who approves says yes or no, and leaves the rest of the status. */
function withConditions(wanted: Fields, current: Fields): Fields {
  const { conditions = [] } = (wanted.status ?? {}) as { conditions?: unknown[] };
  const next = structuredClone(current);
  next.status = { ...(current.status as object | undefined), conditions };
  return next;
}

/** Nothing else of a pod that runs may be changed by who looks into it. */
function withEphemeralContainers(wanted: Fields, current: Fields): Fields {
  const { ephemeralContainers } = (wanted.spec ?? {}) as { ephemeralContainers?: unknown[] };
  const next = structuredClone(current);
  next.spec = { ...(next.spec as object), ...(ephemeralContainers ? { ephemeralContainers } : {}) };
  if (!ephemeralContainers) delete (next.spec as { ephemeralContainers?: unknown }).ephemeralContainers;
  return next;
}

/** Of each container by its name; what else was sent counts for nothing, as upstream. */
function withResources(wanted: Fields, current: Fields): Fields {
  const next = structuredClone(current) as Fields & { spec: core.PodSpec };
  const sent = (wanted.spec ?? {}) as Partial<core.PodSpec>;
  for (const list of ['containers', 'initContainers'] as const) {
    for (const container of next.spec[list] ?? []) {
      const found = sent[list]?.find(({ name }) => name === container.name);
      if (found) container.resources = found.resources ?? {};
    }
  }
  return next;
}

function withFinalizers(wanted: Fields, current: Fields): Fields {
  const { finalizers } = (wanted.spec ?? {}) as { finalizers?: string[] };
  const next = structuredClone(current);
  next.spec = { ...(current.spec as object), finalizers: finalizers ?? [] };
  return next;
}
