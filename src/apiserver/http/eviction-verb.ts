// POST pods/NAME/eviction with a policy/v1 or policy/v1beta1 Eviction.
import { isJsonObject, type JsonObject } from '../../api/schema/json.ts';
import { evict } from '../eviction.ts';
import { header } from './api-request.ts';
import { readBody } from './body.ts';
import { decodeObject, parseBody } from './decode.ts';
import { optionsFrom } from './delete-verbs.ts';
import { fieldValidation } from './query.ts';
import { keyOfRequest, placeObject, type ResourceRequest } from './resource-handler.ts';
import { addWarnings, sendJson } from './respond.ts';

/** Clients before Kubernetes 1.22 send `v1beta1`; the fields are the same. */
const evictionKind = (apiVersion: unknown) =>
  ({
    group: 'policy',
    version: apiVersion === 'policy/v1beta1' ? 'v1beta1' : 'v1',
    kind: 'Eviction',
  }) as const;

export async function evictionVerb(request: ResourceRequest): Promise<void> {
  const { api, services } = request;
  const parsed = await parseBody(await readBody(api.incoming), header(api, 'content-type'));
  const sent = isJsonObject(parsed.value) ? parsed.value.apiVersion : undefined;
  const schema = await services.schema();
  const { object, warnings } = decodeObject(schema, evictionKind(sent), parsed, fieldValidation(api.query));
  placeObject(request, object);
  const { deleteOptions } = object as unknown as { deleteOptions?: JsonObject };
  const options = optionsFrom(deleteOptions ?? {}, api.query);
  services.guards.confirm(api);
  await evict(services.registry, keyOfRequest(request), options, services.clock.now());
  addWarnings(api.response, warnings);
  sendJson(api.response, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}
