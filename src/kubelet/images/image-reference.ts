// Image names as Kubernetes reads them: without a registry, Docker's is meant; without tag or digest, `latest`.
// https://kubernetes.io/docs/concepts/containers/images/#image-names

export interface ImageReference {
  /** `registry.local:5000` */
  registry: string;
  /** `library/redis` */
  repository: string;
  /** `:7`, `@sha256:…` or `:7@sha256:…` */
  suffix: string;
}

/** `redis` → `docker.io/library/redis:latest`, `a/b@sha256:…` → `docker.io/a/b@sha256:…`; full names stay. */
export function fullReference(image: string): string {
  const { registry, repository, suffix } = parseReference(image);
  return `${registry}/${repository}${suffix}`;
}

/** Takes the name apart; whether its parts are well formed is not looked at. */
export function parseReference(image: string): ImageReference {
  const [first = '', ...rest] = image.split('/');
  const isNamed = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first));
  const path = isNamed ? rest.join('/') : image;
  const end = path.search(/@|:[^/]*$/);
  const repository = end < 0 ? path : path.slice(0, end);
  const prefix = isNamed || rest.length > 0 ? '' : 'library/';
  return {
    registry: isNamed ? first : 'docker.io',
    repository: prefix + repository,
    suffix: end < 0 ? ':latest' : path.slice(end),
  };
}

/** Whether it names content and not a tag, which may move. */
export function isByDigest(image: string): boolean {
  return parseReference(image).suffix.includes('@');
}

/** By the distribution's grammar: lower-case paths, a tag of word characters, a SHA-256 or SHA-512 digest. */
export function isWellFormed(image: string): boolean {
  const { registry, repository, suffix } = parseReference(image);
  return HOST.test(registry) && PATH.test(repository) && SUFFIX.test(suffix);
}

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?$/;
const PATH = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const SUFFIX = /^(:\w[\w.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;
