// POST /edge/v1/join: a bootstrap token buys a board its client certificate. A valid token may also replace the
// certificate of a board that is known already: whoever reinstalls a board needs that, and holds a token for it.
// https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
import { createHash, timingSafeEqual } from 'node:crypto';
import type { JoinRequest, JoinResponse } from '../../api/join.ts';
import { secrets } from '../../api/kinds/secret.ts';
import { nameProblems } from '../../api/metadata.ts';
import type { Secret } from '../../api/objects.ts';
import { isJsonObject } from '../../api/schema/json.ts';
import { parseJson } from '../../api/schema/parse-json.ts';
import { badRequest, StatusError } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Registry } from '../registry/registry.ts';
import type { ApiRequest } from './api-request.ts';
import { readBody } from './body.ts';
import { FailureLimit } from './failure-limit.ts';
import { sendJson } from './respond.ts';

export interface JoinOptions {
  registry: Registry;
  clock: Clock;
  logger: Logger;
  signNodeCertificate(csrPem: string, nodeName: string): Promise<string>;
  caPem: string;
  mqttPort: number;
}

const TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

export class JoinHandler {
  readonly #options: JoinOptions;
  readonly #failures: FailureLimit;

  constructor(options: JoinOptions) {
    this.#options = options;
    this.#failures = new FailureLimit(options.clock);
  }

  async handle(request: ApiRequest): Promise<void> {
    const client = request.incoming.socket.remoteAddress ?? '';
    this.#failures.check(client);
    const join = readJoinRequest(parseJson(await readBody(request.incoming)).value);
    if (!this.#isTokenValid(join)) {
      this.#failures.count(client);
      this.#options.logger.warn(
        { client, nodeName: join.nodeName },
        'a board tried to join without a valid token',
      );
      throw new StatusError(
        401,
        'Unauthorized',
        'the join token is unknown or no longer valid: make a new one with `edgectl token create`',
      );
    }
    sendJson(request.response, 200, await this.#certificate(join));
  }

  async #certificate({ csrPem, nodeName }: JoinRequest): Promise<JoinResponse> {
    const { caPem, mqttPort, logger } = this.#options;
    const certificatePem = await this.#options
      .signNodeCertificate(csrPem, nodeName)
      .catch((error: unknown) => {
        if (error instanceof StatusError) throw error;
        throw badRequest(`csrPem is no certificate request that can be signed: ${(error as Error).message}`);
      });
    logger.info({ nodeName }, 'a board joined and got its certificate');
    return { certificatePem, caPem, mqttPort };
  }

  #isTokenValid({ tokenId, tokenSecret }: JoinRequest): boolean {
    const secret = this.#options.registry.find(secrets, `kube-system/bootstrap-token-${tokenId}`);
    const stored = fieldOf(secret, 'token-secret');
    // Compared also when there is none, so that the time tells nothing.
    const same = sameText(tokenSecret, stored);
    return same && stored !== '' && this.#isUsable(secret, tokenId);
  }

  #isUsable(secret: Secret | undefined, tokenId: string): boolean {
    if (secret?.type !== TOKEN_TYPE || secret.metadata.deletionTimestamp) return false;
    if (fieldOf(secret, 'token-id') !== tokenId) return false;
    const expiration = fieldOf(secret, 'expiration');
    return expiration === '' || Date.parse(expiration) > this.#options.clock.now();
  }
}

const fieldOf = (secret: Secret | undefined, name: string): string =>
  Buffer.from(secret?.data?.[name] ?? '', 'base64').toString('utf8');

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** @throws StatusError BadRequest */
function readJoinRequest(value: unknown): JoinRequest {
  if (!isJsonObject(value)) throw badRequest('the body must be {tokenId, tokenSecret, nodeName, csrPem}');
  const { tokenId, tokenSecret, nodeName, csrPem } = value;
  const fields = { tokenId, tokenSecret, nodeName, csrPem };
  const missing = Object.entries(fields).find(([, field]) => typeof field !== 'string' || field === '');
  if (missing) throw badRequest(`${missing[0]} is missing`);
  const join = fields as unknown as JoinRequest;
  if (!/^[a-z0-9]{6}$/.test(join.tokenId))
    throw badRequest('tokenId must be six lower-case letters or digits');
  const problem = nameProblems('subdomain', join.nodeName)[0];
  if (problem) throw badRequest(`nodeName is not valid: ${problem}`);
  return join;
}
