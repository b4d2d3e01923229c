// What `kubectl explain` says of the fields that all kinds have. The schema table holds no texts: these are the few
// that people ask for on any kind, custom ones above all, which say nothing of their metadata themselves.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/

export const TYPE_DESCRIPTIONS = {
  apiVersion: 'APIVersion defines the group and version of the schema that this object is written in.',
  kind: 'Kind is the name, in CamelCase, of the resource that this object represents.',
  metadata: "Standard object's metadata.",
} as const;

/** By field of ObjectMeta. */
export const METADATA_DESCRIPTIONS: Readonly<Record<string, string>> = {
  annotations: 'Annotations is a map of free texts that tools set and read; they cannot be selected by.',
  creationTimestamp: 'CreationTimestamp is a timestamp of the server time at which the object was created.',
  deletionGracePeriodSeconds: 'Number of seconds that the object is given to end by itself once deleted.',
  deletionTimestamp:
    'DeletionTimestamp is the time at which the object is to be gone, set once it is deleted.',
  finalizers: 'Names of those who must be done with the object before it is removed.',
  generateName: 'GenerateName is a prefix from which the server makes a unique name when none is given.',
  generation: 'A number that rises with each change of what is wanted.',
  labels: 'Map of strings by which objects are organized and selected.',
  managedFields: 'Which manager set which fields, kept by the server.',
  name: 'Name must be unique within a namespace, and cannot be changed.',
  namespace: 'Namespace is the space within which the name is unique.',
  ownerReferences: 'Objects that this one depends on: it is removed when all of them are gone.',
  resourceVersion: 'The revision of the store at which the object was last written; opaque to clients.',
  uid: 'UID is unique in time and space: no two objects that ever were share one.',
};
