// When an image is pulled. https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
import type { core } from '../../api/objects.ts';
import type { ImagePolicy } from '../pods/pod-actions.ts';

/** Such images exist on the board alone: there is no registry to pull them from. */
export function isLocalImage(image: string): boolean {
  return image.startsWith('localhost/');
}

export function imagePolicyOf(container: core.Container): ImagePolicy {
  const image = container.image ?? '';
  const wanted = container.imagePullPolicy ?? (hasLatestTag(image) ? 'Always' : 'IfNotPresent');
  if (wanted === 'Never') return 'Never';
  return wanted === 'Always' && !isLocalImage(image) ? 'Always' : 'IfNotPresent';
}

function hasLatestTag(image: string): boolean {
  if (image.includes('@')) return false;
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  const tag = lastPart.split(':')[1];
  return tag === undefined || tag === 'latest';
}
