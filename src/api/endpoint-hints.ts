// Whom an endpoint of an EndpointSlice is for, as its hints say. Pure.
// https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
import type { discovery } from './objects.ts';

/** With what releases after those of the types have. */
export interface EndpointHints extends discovery.EndpointHints {
  forNodes?: { name: string }[];
}

/** Both empty where there are none. */
export function hintsOf({ hints }: discovery.Endpoint): Required<EndpointHints> {
  const { forZones = [], forNodes = [] }: EndpointHints = hints ?? {};
  return { forZones, forNodes };
}
