// What `kubectl explain` says of the fields that every object has and no package's message: custom kinds say nothing
// of their metadata themselves.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/

export const TYPE_DESCRIPTIONS = {
  apiVersion: 'APIVersion defines the group and version of the schema that this object is written in.',
  kind: 'Kind is the name, in CamelCase, of the resource that this object represents.',
  metadata: "Standard object's metadata.",
} as const;
