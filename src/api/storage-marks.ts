// The annotations and finalizers by which the parts of a cluster speak about storage: upstream's names, so that
// people's tools and other provisioners read them.
// https://kubernetes.io/docs/reference/labels-annotations-taints/

/** On a claim: its volume was chosen, and losing it is a loss of data. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a claim or volume: the binder chose the other side, nobody asked for it by name. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: who made it, and so removes it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: who is asked to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** The same for provisioners of before 1.23. */
export const STORAGE_PROVISIONER_BETA = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the board that the scheduler chose for its first pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

/** Our own: directories on the boards themselves. As driver of a volume its handle is the directory's name. */
export const LOCAL_PATH_PROVISIONER = 'edge-cluster.io/local-path';
/** The class that every cluster has from its first start. */
export const LOCAL_PATH_CLASS = 'local-path';
