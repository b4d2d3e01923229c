// PATCH of all three kinds, for objects and subresources. A patch is applied inside the store's decision to what
// is there in that moment, so it never conflicts unless it names a resourceVersion itself.
import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import type { FieldWriter } from '../../api/apply/managed-fields.ts';
import { applyMergePatch } from '../../api/merge-patch.ts';
import type { KubeObject } from '../../api/objects.ts';
import { decodingError, strictDecodingError } from '../../api/schema/decoding-errors.ts';
import type { Json, JsonObject } from '../../api/schema/json.ts';
import type { KindRef, Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { badRequest } from '../../api/status-error.ts';
import { applyStrategicMergePatch } from '../../api/strategic-merge.ts';
import type { Patch } from '../../client/client.ts';
import type { Warn } from '../admission/admission.ts';
import type { WriteGuard } from './create.ts';
import { type JsonPatch, loadJsonPatch } from './json-patch.ts';
import type { Registry } from './registry.ts';
import { scaleKind, scaleOf, withScale } from './scale.ts';
import type { WriteScope } from './update.ts';

export interface PatchOptions {
  subresource?: 'status' | 'scale' | 'approval' | 'ephemeralcontainers' | 'resize' | undefined;
  dryRun?: boolean | undefined;
  /** Whose fields are recorded. */
  writer?: FieldWriter | undefined;
  /** Refuse fields that the kind does not have; otherwise they are dropped and told as warnings. */
  strict?: boolean | undefined;
  guard?: WriteGuard | undefined;
  warn?: Warn | undefined;
}

export interface PatchResult {
  /** As it is stored now, also where a subresource was patched. */
  object: KubeObject;
  /** Fields that were dropped, as `unknown field "spec.x"`. */
  unknownFields: string[];
}

type Apply = (current: JsonObject) => Json;

export class Patcher {
  readonly #registry: Registry;
  readonly #schema: () => Promise<Schema>;

  constructor(registry: Registry, schema: () => Promise<Schema>) {
    this.#registry = registry;
    this.#schema = schema;
  }

  /** @throws StatusError 400 or 422 for a patch that cannot be applied, and all that an update throws. */
  async patch(kind: KindDefinition, key: string, patch: Patch, options: PatchOptions): Promise<PatchResult> {
    const schema = await this.#schema();
    const isScale = options.subresource === 'scale';
    const target: KindRef = isScale ? scaleKind : kind;
    const jsonPatch = patch.type === 'json' ? await loadJsonPatch() : undefined;
    const apply = (current: JsonObject) => applied(schema, target, patch, jsonPatch, current);
    let unknownFields: string[] = [];
    const change = (current: KubeObject) => {
      const result = patched(schema, target, isScale ? scaleOf(kind, current) : current, apply);
      unknownFields = result.unknownFields;
      if (options.strict && unknownFields.length > 0) throw strictDecodingError(target, unknownFields);
      return isScale ? withScale(kind, current, result.object as KubeObject & Scale) : result.object;
    };
    const scope: WriteScope = options.subresource && !isScale ? (options.subresource as WriteScope) : 'main';
    const object = await this.#registry.update(kind, key, change, {
      scope,
      dryRun: options.dryRun,
      writer: options.writer,
      guard: options.guard,
      warn: options.warn,
    });
    return { object, unknownFields };
  }
}

function applied(
  schema: Schema,
  target: KindRef,
  patch: Patch,
  jsonPatch: JsonPatch | undefined,
  current: JsonObject,
): Json {
  if (patch.type === 'json') return jsonPatch!(current, patch.body);
  const body = patch.body as JsonObject;
  if (patch.type === 'merge') return applyMergePatch(current, body);
  return applyStrategicMergePatch(schema, target, current, body);
}

function patched(schema: Schema, target: KindRef, current: KubeObject, apply: Apply): PatchResult {
  const result = apply(current as unknown as JsonObject);
  const checked = schema.check(target, result);
  if (checked.typeErrors.length > 0) throw decodingError(target, checked.typeErrors);
  const object = checked.value as unknown as KubeObject;
  if (object.kind !== target.kind || object.apiVersion !== apiVersionOf(target)) {
    throw badRequest(
      `a patch may not change apiVersion and kind of an object: this is ${apiVersionOf(target)} ${target.kind}`,
    );
  }
  if (!object.metadata?.name) throw badRequest('a patch may not remove metadata.name');
  return { object, unknownFields: checked.unknownFields };
}
