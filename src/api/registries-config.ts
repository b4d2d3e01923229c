// The ConfigMap that says for the whole cluster where images come from; the Secrets that it names are beside it.

export const REGISTRIES_NAMESPACE = 'kube-system';
export const REGISTRIES_CONFIG = `${REGISTRIES_NAMESPACE}/registries`;
/** Its key; what it holds has the form of k3s' registries.yaml. */
export const REGISTRIES_KEY = 'registries.yaml';
