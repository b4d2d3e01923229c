// The EndpointSlices of one Service: a pure function of what is behind it and of the slices that are there. An
// endpoint stays in the slice it is in, so that a pod that comes or goes changes one slice only.
// https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
import { isDeepStrictEqual } from 'node:util';
import type { core, discovery, EndpointSlice } from '../api/objects.ts';
import { nowhere, type Placement, placed } from './endpoint-placement.ts';
import { type EndpointEntry, groupByPorts } from './endpoint-subsets.ts';

/** Upstream's default; the validation's limit is ten times that. */
export const MAX_ENDPOINTS = 100;

export interface SliceContent {
  endpoints: discovery.Endpoint[];
  ports: discovery.EndpointPort[];
}

export interface SlicePlan {
  create: SliceContent[];
  /** Every slice that stays, with what it should hold. */
  keep: { slice: EndpointSlice; content: SliceContent }[];
  remove: EndpointSlice[];
}

/** Without an endpoint one empty slice stays: it says that somebody has looked. */
export function planSlices(
  entries: readonly EndpointEntry[],
  present: readonly EndpointSlice[],
  publishAll: boolean,
  placement: Placement = nowhere,
): SlicePlan {
  const plan: SlicePlan = { create: [], keep: [], remove: [] };
  const left = new Set(present.filter(({ metadata }) => !metadata.deletionTimestamp));
  for (const group of groupByPorts(entries)) {
    const ports = group.ports.map(slicePort);
    const same = [...left].filter((slice) => isDeepStrictEqual(slice.ports ?? [], ports));
    for (const slice of same) left.delete(slice);
    const endpoints = group.entries
      .map((entry) => placed(endpointOf(entry, publishAll), placement))
      .sort(byId);
    fill(plan, ports, endpoints, same.sort(byName));
  }
  const [spare, ...rest] = [...left].sort(byName);
  const empty = { endpoints: [], ports: [] };
  if (entries.length > 0) plan.remove.push(...left);
  else if (spare) plan.keep.push({ slice: spare, content: { ...empty, ports: [...(spare.ports ?? [])] } });
  else plan.create.push(empty);
  if (entries.length === 0) plan.remove.push(...rest);
  return plan;
}

function fill(
  plan: SlicePlan,
  ports: discovery.EndpointPort[],
  endpoints: readonly discovery.Endpoint[],
  slices: readonly EndpointSlice[],
): void {
  const wanted = new Map(endpoints.map((endpoint) => [idOf(endpoint), endpoint]));
  const filled = slices.map((slice) => {
    const staying = (slice.endpoints ?? []).flatMap((endpoint) => take(wanted, idOf(endpoint)));
    return { slice, content: { ports, endpoints: staying.slice(0, MAX_ENDPOINTS) } };
  });
  const waiting = [...wanted.values()];
  for (const { content } of filled) {
    content.endpoints.push(...waiting.splice(0, MAX_ENDPOINTS - content.endpoints.length));
    content.endpoints.sort(byId);
  }
  while (waiting.length > 0) plan.create.push({ ports, endpoints: waiting.splice(0, MAX_ENDPOINTS) });
  for (const { slice, content } of filled) {
    if (content.endpoints.length > 0) plan.keep.push({ slice, content });
    else plan.remove.push(slice);
  }
}

function take(wanted: Map<string, discovery.Endpoint>, id: string): discovery.Endpoint[] {
  const found = wanted.get(id);
  wanted.delete(id);
  return found ? [found] : [];
}

/** A pod that goes is not ready, but may still be serving: readers fall back on it when nothing else is left. */
function endpointOf(
  { address, serving, terminating }: EndpointEntry,
  publishAll: boolean,
): discovery.Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready: publishAll || (serving && !terminating), serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

/** Every name is written out, as defaulting does: what is compared is what is stored. */
function slicePort({ name = '', port, protocol = 'TCP', appProtocol }: core.EndpointPort) {
  return { name, port, protocol, ...(appProtocol ? { appProtocol } : {}) };
}

const idOf = ({ addresses, targetRef }: discovery.Endpoint) => `${targetRef?.uid ?? ''} ${addresses[0]}`;
const byId = (a: discovery.Endpoint, b: discovery.Endpoint) => (idOf(a) < idOf(b) ? -1 : 1);
const byName = (a: EndpointSlice, b: EndpointSlice) => (a.metadata.name < b.metadata.name ? -1 : 1);
