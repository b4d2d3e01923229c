// How others verify this cluster's ServiceAccount tokens by themselves: who issues them and with which keys.
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
import { ISSUER, type ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import type { ApiRequest } from './api-request.ts';
import { sendJson } from './respond.ts';

const KEYS_PATH = '/openid/v1/jwks';

/** False when the path is neither of the two documents. */
export function sendOpenId({ segments, response }: ApiRequest, tokens: ServiceAccountTokens): boolean {
  const path = `/${segments.join('/')}`;
  if (path === KEYS_PATH) sendJson(response, 200, tokens.keySet, 'application/jwk-set+json');
  else if (path === '/.well-known/openid-configuration') sendJson(response, 200, configurationOf(tokens));
  else return false;
  return true;
}

const configurationOf = ({ algorithm }: ServiceAccountTokens) => ({
  issuer: ISSUER,
  jwks_uri: `${ISSUER}${KEYS_PATH}`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm],
});
