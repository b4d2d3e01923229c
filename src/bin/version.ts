// Which Kubernetes a board says it speaks, as node info wants it.
export const KUBERNETES_VERSION = 'v1.33.0';
