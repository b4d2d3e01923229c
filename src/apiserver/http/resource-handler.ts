// What a request for objects works with: the kind, where, and how the answer is to look.
import type { KubeObject } from '../../api/objects.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { badRequest, notFound } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { LastingRights } from '../auth/lasting-rights.ts';
import type { WriteGuards } from '../auth/write-guards.ts';
import type { Patcher } from '../registry/patcher.ts';
import type { Registry } from '../registry/registry.ts';
import { type Form, formOf } from './accept.ts';
import { type ApiRequest, header } from './api-request.ts';
import { sendJson } from './respond.ts';
import { includeObject, partialMetadata, type TableOptions, tableOfOne } from './table.ts';
import type { WatchLines } from './watch-lines.ts';

export interface ResourceServices {
  registry: Registry;
  patcher: Patcher;
  clock: Clock;
  schema(): Promise<Schema>;
  guards: WriteGuards;
  lasting: LastingRights;
  lines: WatchLines;
}

export interface ResourceRequest {
  api: ApiRequest;
  services: ResourceServices;
  kind: KindDefinition;
  namespace: string | undefined;
  name: string | undefined;
}

/** What a read needs: it may come by an upgrade, which has no response. */
export type ReadRequest = Omit<ResourceRequest, 'api'> & { api: Omit<ApiRequest, 'response'> };

/** `namespace/name` or `name`. */
export function keyOfRequest({ kind, namespace, name }: ResourceRequest): string {
  return kind.namespaced ? `${namespace}/${name}` : `${name}`;
}

export const wantedForm = (request: ReadRequest): Form => formOf(header(request.api, 'accept'));

export function tableOptions(request: ReadRequest, form: Form, withColumns: boolean): TableOptions {
  const version = form.as === 'object' ? 'v1' : form.version;
  const nowMs = request.services.clock.now();
  return { version, includeObject: includeObject(request.api.query), nowMs, withColumns };
}

/** One object in the form that the client wants. */
export function present(request: ReadRequest, form: Form, object: KubeObject): unknown {
  if (form.as === 'object') return object;
  if (form.as === 'PartialObjectMetadata') return partialMetadata(object, form.version);
  return tableOfOne(request.kind, object, tableOptions(request, form, true));
}

export function sendObject(request: ResourceRequest, code: number, object: KubeObject): void {
  sendJson(request.api.response, code, present(request, wantedForm(request), object));
}

/** The URL says where an object is; what the object says must agree. Fills in what it leaves out. */
export function placeObject(request: ResourceRequest, object: KubeObject): void {
  const { kind, namespace, name } = request;
  const { metadata } = object;
  if (!kind.namespaced && metadata.namespace) {
    throw badRequest(`namespace may not be set on a ${kind.kind}: it belongs to the whole cluster`);
  }
  if (kind.namespaced) {
    if (metadata.namespace && metadata.namespace !== namespace) {
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request: ${metadata.namespace} and ${namespace}`,
      );
    }
    metadata.namespace = namespace as string;
  }
  if (name === undefined) return;
  if (metadata.name && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  metadata.name = name;
}

/** @throws StatusError NotFound: a namespaced kind's objects cannot be written without a namespace. */
export function requireNamespace({ kind, namespace }: ResourceRequest): void {
  if (kind.namespaced && namespace === undefined) {
    throw notFound({ group: kind.group, kind: kind.plural, name: '' });
  }
}

export const listKind = (kind: KindDefinition) => ({
  kind: `${kind.kind}List`,
  apiVersion: apiVersionOf(kind),
});
