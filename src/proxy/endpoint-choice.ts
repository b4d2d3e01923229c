// Which endpoints of a Service's port take new connections, and which only keep those that they have. Pure.
// https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints
import type { BoardSlice } from '../api/board-service.ts';
import type { discovery } from '../api/objects.ts';
import { canonicalIp, type IpFamily, urlHost } from '../base/ip.ts';
import { type Hinted, hintedNames, type Place, preferred } from './endpoint-hints.ts';

export interface Endpoint {
  ip: string;
  port: number;
}

export interface PortEndpoints {
  /** Of all boards, or those of them that are meant for this one. */
  cluster: readonly Endpoint[];
  /** Of this board. */
  local: readonly Endpoint[];
  /** How many of this board are ready: what a load balancer's health check asks for. */
  readyLocal: readonly string[];
  /** Every endpoint that there is, in whatever state, as `ip:port` or `[ip]:port`. */
  present: readonly string[];
  /** Those that are going: when they leave `present`, their connections end with them. */
  terminating: readonly string[];
}

interface PortQuestion {
  family: IpFamily;
  name: string;
  protocol: string;
  /** This board's. */
  place: Place;
}

interface Candidate extends Endpoint, Hinted {
  isReady: boolean;
  isServing: boolean;
  isTerminating: boolean;
  isLocal: boolean;
}

export const noEndpoints: PortEndpoints = {
  cluster: [],
  local: [],
  readyLocal: [],
  present: [],
  terminating: [],
};

export const endpointId = ({ ip, port }: Endpoint): string => `${urlHost(ip)}:${port}`;

export function chooseEndpoints(slices: readonly BoardSlice[], question: PortQuestion): PortEndpoints {
  const all = unique(slices.flatMap((slice) => candidates(slice, question)));
  const local = all.filter(({ isLocal }) => isLocal);
  return {
    cluster: taking(all, (ready) => preferred(ready, question.place)),
    local: taking(local),
    readyLocal: local.filter(({ isReady }) => isReady).map(({ ip }) => ip),
    present: all.map(endpointId),
    terminating: all.filter(({ isTerminating }) => isTerminating).map(endpointId),
  };
}

type Choice = (ready: readonly Candidate[]) => readonly Candidate[];

/** Ready ones; where there are none, those that are going and still serve: better than an error. */
function taking(candidates: readonly Candidate[], choose: Choice = (ready) => ready): Endpoint[] {
  const ready = candidates.filter(({ isReady }) => isReady);
  const last = () => candidates.filter(({ isServing, isTerminating }) => isServing && isTerminating);
  return (ready.length > 0 ? choose(ready) : last()).map(({ ip, port }) => ({ ip, port }));
}

/** A slice has one set of ports for all its endpoints. */
function candidates(slice: BoardSlice, { family, name, protocol, place }: PortQuestion): Candidate[] {
  const match = slice.ports.find((p) => (p.name ?? '') === name && (p.protocol ?? 'TCP') === protocol);
  const port = match?.port;
  if (!port || slice.addressType !== family) return [];
  return slice.endpoints.flatMap((endpoint) => {
    const [ip] = endpoint.addresses;
    const isLocal = endpoint.nodeName === place.nodeName;
    return ip ? [{ ip: canonicalIp(ip), port, ...stateOf(endpoint), ...hintedNames(endpoint), isLocal }] : [];
  });
}

/** An endpoint that says nothing counts as ready, one that is ready as serving. */
function stateOf({ conditions }: discovery.Endpoint) {
  const isReady = conditions?.ready !== false;
  return {
    isReady,
    isServing: conditions?.serving ?? isReady,
    isTerminating: conditions?.terminating === true,
  };
}

/**
 * An endpoint that moves between slices is for a moment in two; the readier one counts. It is of this board where one of
 * them says so: who made the other by hand need not have said.
 */
function unique(all: readonly Candidate[]): Candidate[] {
  const byId = new Map<string, Candidate>();
  for (const candidate of all) {
    const known = byId.get(endpointId(candidate));
    const readier = known && !isReadier(candidate, known) ? known : candidate;
    byId.set(endpointId(candidate), { ...readier, isLocal: candidate.isLocal || known?.isLocal === true });
  }
  return [...byId.values()];
}

const readiness = ({ isReady, isServing }: Candidate) => (isReady ? 2 : isServing ? 1 : 0);
const isReadier = (a: Candidate, b: Candidate) => readiness(a) > readiness(b);
