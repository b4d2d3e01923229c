// From a path to whoever answers it: discovery and documents here, objects to the resource router.
import type { Schema } from '../../api/schema/schema.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { methodNotAllowed } from '../../api/status-error.ts';
import type { MetricSource } from '../../base/metrics/metric.ts';
import { isPublished, publishedResourceList } from '../measured/published-discovery.ts';
import type { PublishedNumbers } from '../measured/published-numbers.ts';
import type { Registry } from '../registry/registry.ts';
import type { AccessHandler } from './access-handler.ts';
import { type ApiRequest, header } from './api-request.ts';
import { apiGroup, resourceList, sendDiscovery } from './discovery.ts';
import type { JoinHandler } from './join-handler.ts';
import { checkTimeout } from './request-timeout.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import type { ResourceRouter } from './resource-router.ts';
import { sendBytes, sendJson, sendText } from './respond.ts';
import { shownKinds } from './review-kinds.ts';
import { serverVersion } from './server-version.ts';

export interface ApiRouterOptions {
  resources: ResourceRouter;
  join: JoinHandler;
  access: AccessHandler;
  caPem: string;
  /** What /metrics shows. */
  figures: readonly MetricSource[];
  kinds: ServedKinds;
  registry: Registry;
  /** What applications publish. */
  numbers: PublishedNumbers | undefined;
  schema(): Promise<Schema>;
}

export class ApiRouter {
  readonly #options: ApiRouterOptions;

  constructor(options: ApiRouterOptions) {
    this.#options = options;
  }

  /** Answers, or throws a StatusError. */
  async handle(request: ApiRequest): Promise<void> {
    const { segments } = request;
    checkTimeout(request);
    if (isResource(segments)) {
      const path = parseResourcePath(segments);
      if (!path) return sendUnknown(request);
      if (isPublished(path.group, path.version)) return this.#published(request, path);
      if (await this.#options.access.handle(request, path)) return;
      return this.#options.resources.handle(request, path);
    }
    if (segments[0] === 'edge') return this.#edge(request);
    requireGet(request);
    await this.#document(request);
  }

  async #published(request: ApiRequest, path: ResourcePath): Promise<void> {
    const { answerPublished } = await import('../measured/published-answers.ts');
    answerPublished(this.#options, request, path);
  }

  #resourceList(group: string, version: string): object {
    const { kinds, numbers } = this.#options;
    if (isPublished(group, version)) return publishedResourceList(numbers, kinds, { group, version });
    return resourceList(kinds, group, version);
  }

  async #edge(request: ApiRequest): Promise<void> {
    if (request.path === '/edge/v1/join') return this.#options.join.handle(request);
    requireGet(request);
    if (request.path !== '/edge/v1/ca') return sendUnknown(request);
    sendBytes(request.response, 200, Buffer.from(this.#options.caPem), 'application/x-pem-file');
  }

  async #document(request: ApiRequest): Promise<void> {
    const { response, segments } = request;
    const { kinds } = this.#options;
    const [root, first, second] = segments;
    if (root === 'version' && segments.length === 1) return sendJson(response, 200, serverVersion);
    if (root === 'api' && first === undefined) return sendDiscovery(request, this.#options, true);
    if (root === 'api') return sendJson(response, 200, resourceList(kinds, '', first ?? ''));
    if (root === 'apis' && first === undefined) return sendDiscovery(request, this.#options, false);
    if (root === 'apis' && second === undefined) return sendJson(response, 200, apiGroup(kinds, first ?? ''));
    if (root === 'apis') return sendJson(response, 200, this.#resourceList(first ?? '', second ?? ''));
    if (root === 'openapi') return this.#openApi(request);
    if (root === 'metrics' && segments.length === 1) return this.#metrics(request);
    if (await this.#options.access.document(request)) return;
    if (isHealthPath(segments)) return sendText(response, 200, healthText(request));
    sendUnknown(request);
  }

  async #metrics({ response }: ApiRequest): Promise<void> {
    const { prometheusText, PROMETHEUS_TEXT_TYPE } = await import('../../base/metrics/prometheus-text.ts');
    const text = await prometheusText(this.#options.figures);
    sendBytes(response, 200, Buffer.from(text), PROMETHEUS_TEXT_TYPE);
  }

  async #openApi(request: ApiRequest): Promise<void> {
    const { response, segments } = request;
    const [, form, root, ...rest] = segments;
    if (form === 'v2' && root === undefined) return this.#openApiV2(request);
    if (form !== 'v3') return sendUnknown(request);
    const { kinds } = this.#options;
    const schema = await this.#options.schema();
    const { openApiDocument, openApiIndex } = await import('./openapi-v3.ts');
    const texts = await this.#fieldTexts();
    if (root === undefined) return sendJson(response, 200, openApiIndex(schema, kinds, texts));
    const [group, version] = root === 'api' ? ['', rest[0]] : rest;
    const document = openApiDocument(schema, shownKinds(kinds, group ?? '', version ?? ''), texts);
    if (document) sendJson(response, 200, document);
    else sendUnknown(request);
  }

  /** Read anew for each document: they are seldom asked for, and 440 KB of text would stay. */
  async #fieldTexts() {
    const { loadFieldDescriptions } = await import('../../api/schema/field-descriptions.ts');
    return loadFieldDescriptions();
  }

  async #openApiV2(request: ApiRequest): Promise<void> {
    const { response } = request;
    const { kinds } = this.#options;
    const schema = await this.#options.schema();
    const { openApiV2, openApiV2Json, OPENAPI_V2_TYPE, wantsProtobuf } = await import('./openapi-v2.ts');
    const texts = await this.#fieldTexts();
    if (!wantsProtobuf(header(request, 'accept')))
      return sendJson(response, 200, openApiV2Json(schema, kinds, texts));
    sendBytes(response, 200, openApiV2(schema, kinds, texts), OPENAPI_V2_TYPE);
  }
}

/** /api/V/PLURAL… and /apis/G/V/PLURAL…; what is shorter is discovery. */
const isResource = (segments: readonly string[]): boolean =>
  (segments[0] === 'api' && segments.length > 2) || (segments[0] === 'apis' && segments.length > 3);

/** /livez/ping and the like: everything that is checked is in this process, so it answers for all. */
const isHealthPath = ([root, check, ...more]: readonly string[]): boolean =>
  ['healthz', 'livez', 'readyz'].includes(root ?? '') &&
  (check === undefined || check === 'ping') &&
  more.length === 0;

/** As upstream's: which checks there are, for those who ask. */
const healthText = ({ segments, query }: ApiRequest): string =>
  query.has('verbose') && segments.length === 1 ? `[+]ping ok\n${segments[0]} check passed\n` : 'ok';

function requireGet({ method }: ApiRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw methodNotAllowed('the server does not allow this method on the requested resource');
}

/** Outside objects upstream answers in plain text too. */
const sendUnknown = ({ response }: ApiRequest): void => sendText(response, 404, '404 page not found\n');
