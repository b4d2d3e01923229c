// Kinds that are only ever asked: a POST is answered at once with its status, and nothing is stored. Discovery and
// OpenAPI show them beside the kinds that have objects.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
import type { KindDefinition } from '../../api/scheme.ts';
import type { GroupVersion, ServedKinds } from '../../api/served-kinds.ts';
import { publishedVersions } from '../measured/published-discovery.ts';
import type { ResourcePath } from './resource-path.ts';

const review = (group: string, kind: string, namespaced = false): KindDefinition => ({
  group,
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  namespaced,
  columns: [],
  hasStatus: false,
});

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

const reviewKinds: readonly KindDefinition[] = [
  review(AUTHENTICATION, 'SelfSubjectReview'),
  review(AUTHENTICATION, 'TokenReview'),
  review(AUTHORIZATION, 'LocalSubjectAccessReview', true),
  review(AUTHORIZATION, 'SelfSubjectAccessReview'),
  review(AUTHORIZATION, 'SelfSubjectRulesReview'),
  review(AUTHORIZATION, 'SubjectAccessReview'),
];

export const isReview = (kind: KindDefinition): boolean => reviewKinds.includes(kind);

export function reviewKindOf(path: ResourcePath): KindDefinition | undefined {
  const isAsked = ({ group, version, plural, namespaced }: KindDefinition) =>
    group === path.group &&
    version === path.version &&
    plural === path.plural &&
    namespaced === (path.namespace !== undefined);
  return path.name === undefined ? reviewKinds.find(isAsked) : undefined;
}

/** All of one group and version, reviews too. */
export function shownKinds(served: ServedKinds, group: string, version: string): KindDefinition[] {
  const isOf = (kind: KindDefinition) => kind.group === group && kind.version === version;
  return [...served.of(group, version), ...reviewKinds.filter(isOf)];
}

/** Every group and version, those without kinds to store last. */
export const shownVersions = (served: ServedKinds): GroupVersion[] => [
  ...served.groupVersions(),
  { group: AUTHENTICATION, version: 'v1' },
  { group: AUTHORIZATION, version: 'v1' },
  ...publishedVersions,
];

export const isTokenRequest = ({ group, version, plural, subresource }: ResourcePath): boolean =>
  group === '' && version === 'v1' && plural === 'serviceaccounts' && subresource === 'token';
