// Kinds of people's own as tests define them: of one version, with plain names.
export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface CustomKindMore {
  scope?: 'Namespaced' | 'Cluster';
  names?: object;
  version?: object;
}

/** The definition of a kind whose plural is its name with an s, served and stored as v1. */
export function customKind(
  group: string,
  kind: string,
  openAPIV3Schema: object,
  { scope = 'Namespaced', names = {}, version = {} }: CustomKindMore = {},
) {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular, kind, listKind: `${kind}List`, ...names },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, ...version }],
    },
  };
}
