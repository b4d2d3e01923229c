// Image names as Kubernetes reads them: without a registry, Docker's is meant.

/** `redis` → `docker.io/library/redis:latest`, `a/b@sha256:…` → `docker.io/a/b@sha256:…`; full names stay. */
export function fullReference(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const named = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first));
  const full = named ? image : `docker.io/${rest.length === 0 ? 'library/' : ''}${image}`;
  const lastPart = full.slice(full.lastIndexOf('/') + 1);
  return /[:@]/.test(lastPart) ? full : `${full}:latest`;
}
