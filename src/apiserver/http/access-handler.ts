// What the server answers about identities and rights rather than about objects; loaded when first asked for.
import type { AccessParts } from '../auth/new-access.ts';
import type { ApiRequest } from './api-request.ts';
import type { ResourcePath } from './resource-path.ts';
import { isTokenRequest, reviewKindOf } from './review-kinds.ts';
import type { ReviewServices } from './reviews.ts';
import type { TokenRequestServices } from './token-request.ts';

export interface AccessHandlerOptions
  extends Pick<AccessParts, 'authenticator' | 'authorizer' | 'tokens'>,
    Pick<ReviewServices, 'schema'>,
    Pick<TokenRequestServices, 'store'> {}

export class AccessHandler {
  readonly #options: AccessHandlerOptions;

  constructor(options: AccessHandlerOptions) {
    this.#options = options;
  }

  /** @returns whether it was a question of this sort; its answer is then sent. */
  async handle(request: ApiRequest, path: ResourcePath): Promise<boolean> {
    const kind = reviewKindOf(path);
    if (kind) {
      const { answerReview } = await import('./reviews.ts');
      await answerReview(this.#options, kind, request, path);
      return true;
    }
    if (!isTokenRequest(path)) return false;
    const { answerTokenRequest } = await import('./token-request.ts');
    await answerTokenRequest(this.#options, request, path);
    return true;
  }

  /** @returns whether it was the path of such a document; it is then sent. */
  async document(request: ApiRequest): Promise<boolean> {
    if (request.segments[0] !== '.well-known' && request.segments[0] !== 'openid') return false;
    const { sendOpenId } = await import('./openid.ts');
    return sendOpenId(request, this.#options.tokens);
  }
}
