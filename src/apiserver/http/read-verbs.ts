// GET of one object or of a collection, plain or as a watch.
import type { Writable } from 'node:stream';
import type { KubeObject } from '../../api/objects.ts';
import { type FieldError, invalid } from '../../api/status-error.ts';
import { attributesOf } from '../auth/attributes.ts';
import type { ListResult, ServerListOptions } from '../registry/list.ts';
import { type Form, streamFormOf } from './accept.ts';
import { header } from './api-request.ts';
import { booleanParameter, listOptions, numberParameter } from './query.ts';
import {
  keyOfRequest,
  listKind,
  type ReadRequest,
  type ResourceRequest,
  sendObject,
  tableOptions,
  wantedForm,
} from './resource-handler.ts';
import { sendJson } from './respond.ts';
import { partialMetadata, tableOf, tableOfOne } from './table.ts';
import { asStored, type ShownForm } from './watch-lines.ts';
import { WatchResponse } from './watch-response.ts';

export async function getVerb(request: ResourceRequest): Promise<void> {
  sendObject(request, 200, request.services.registry.get(request.kind, keyOfRequest(request)));
}

export async function listVerb(request: ResourceRequest): Promise<void> {
  const { query, response } = request.api;
  if (booleanParameter(query, 'watch')) return watch(request);
  const options = listOptions(query, request.namespace);
  if (query.has('sendInitialEvents')) throw initialEventsInvalid('sendInitialEvents is forbidden for list');
  const form = wantedForm(request);
  sendJson(response, 200, listBody(request, form, request.services.registry.list(request.kind, options)));
}

function listBody(request: ResourceRequest, form: Form, list: ListResult): object {
  const { items, ...metadata } = list;
  if (form.as === 'Table') return tableOf(request.kind, items, metadata, tableOptions(request, form, true));
  if (form.as === 'PartialObjectMetadata') {
    const partial = items.map((item) => partialMetadata(item, form.version));
    const apiVersion = `meta.k8s.io/${form.version}`;
    return { kind: 'PartialObjectMetadataList', apiVersion, metadata, items: partial };
  }
  return { ...listKind(request.kind), metadata, items: items.map(withoutTypeMeta) };
}

/** The list's kind says what its items are. */
function withoutTypeMeta(object: KubeObject): object {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}

async function watch(request: ResourceRequest): Promise<void> {
  const opened = openWatch(request);
  const { response } = request.api;
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  // At once: a client takes a watch that says nothing for one that was not answered.
  response.flushHeaders();
  await opened.run(response);
}

export interface OpenWatch {
  /** Writes events until the watch or its reader ends. */
  run(output: Writable): Promise<void>;
  /** Ends a watch that was never run. */
  close(): void;
}

/** @throws StatusError for what cannot be watched, before anything is answered. */
export function openWatch(request: ReadRequest): OpenWatch {
  const { services, kind, api } = request;
  const options = listOptions(api.query, request.namespace);
  const sendInitialEvents = wantsInitialEvents(api.query, options);
  const bookmarks = booleanParameter(api.query, 'allowWatchBookmarks');
  const form = streamFormOf(header(api, 'accept'), sendInitialEvents && bookmarks);
  const timeoutSeconds = numberParameter(api.query, 'timeoutSeconds');
  const stream = services.registry.watch(kind, { ...options, sendInitialEvents });
  const release = api.user
    ? services.lasting.hold(api.user, attributesOf(api), () => stream.close())
    : () => undefined;
  const run = (output: Writable) =>
    new WatchResponse(stream, output, {
      kind,
      clock: services.clock,
      lines: services.lines,
      timeoutSeconds,
      bookmarks,
      markInitialEnd: sendInitialEvents && bookmarks,
      form: (first) => shownForm(request, form, first),
      revision: () => services.registry.revision,
    })
      .run()
      .finally(release);
  const close = () => {
    release();
    stream.close();
  };
  return { run, close };
}

/** Ages are in whole seconds, so rows that are made within one are alike. */
function shownForm(request: ReadRequest, form: Form, withColumns: boolean): ShownForm {
  if (form.as === 'object') return asStored;
  if (form.as === 'PartialObjectMetadata')
    return { name: `metadata ${form.version}`, present: (object) => partialMetadata(object, form.version) };
  const options = tableOptions(request, form, withColumns);
  const nowSeconds = Math.floor(options.nowMs / 1000);
  return {
    name: `table ${options.version} ${options.includeObject} ${withColumns} ${nowSeconds}`,
    present: (object) => tableOfOne(request.kind, object, { ...options, nowMs: nowSeconds * 1000 }),
  };
}

/** A client that asks for the initial events and does not get them waits for ever: so it gets them, or a 422. */
function wantsInitialEvents(query: URLSearchParams, options: ServerListOptions): boolean {
  if (!query.has('sendInitialEvents')) {
    if (options.resourceVersionMatch) {
      throw initialEventsInvalid(
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      );
    }
    return false;
  }
  if (options.resourceVersionMatch !== 'NotOlderThan') {
    throw initialEventsInvalid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  return booleanParameter(query, 'sendInitialEvents');
}

function initialEventsInvalid(why: string) {
  const field = 'sendInitialEvents';
  const error: FieldError = { reason: 'FieldValueForbidden', field, message: `Forbidden: ${why}` };
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, [error]);
}
