// Which Kubernetes this cluster speaks: clients and people compare it with their own.

export const KUBERNETES_VERSION = 'v1.33.0';
