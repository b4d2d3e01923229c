// When an image is pulled. https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
import type { core } from '../../api/objects.ts';
import { defaultPullPolicy } from '../../api/pod-spec/defaults.ts';
import type { ImagePolicy } from '../pods/pod-actions.ts';

/** Such images exist on the board alone: there is no registry to pull them from. */
export function isLocalImage(image: string): boolean {
  return image.startsWith('localhost/');
}

export function imagePolicyOf(container: core.Container): ImagePolicy {
  const image = container.image ?? '';
  const wanted = container.imagePullPolicy ?? defaultPullPolicy(image);
  if (wanted === 'Never') return 'Never';
  return wanted === 'Always' && !isLocalImage(image) ? 'Always' : 'IfNotPresent';
}
