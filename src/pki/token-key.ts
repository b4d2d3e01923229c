// The key that signs ServiceAccount tokens, in a file of its own, so that replacing it makes every token ever given out
// worthless and touches no certificate. RSA, as every OpenID client must take RS256 and some take nothing else; a key on
// P-256 serves as well. https://www.rfc-editor.org/rfc/rfc7515
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { writeFileAtomically } from '../base/atomic-file.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import { PkiError } from './pki-error.ts';

export type TokenClaims = Readonly<Record<string, unknown>>;

type Algorithm = 'RS256' | 'ES256';

const RSA_BITS = 2048;
/** Longer than any token of ours; what is longer is not even decoded. */
const MAX_TOKEN_LENGTH = 8192;

export class TokenKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  /** Of its signatures (RFC 7518). */
  readonly algorithm: Algorithm;

  /** `privateKey` must be an RSA key, or an EC key on P-256. */
  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    this.#keyId = keyIdOf(this.#publicKey);
    this.algorithm = privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
  }

  /** A compact JWS over the claims. */
  sign(claims: TokenClaims): string {
    const head = encode({ alg: this.algorithm, kid: this.#keyId });
    const signed = `${head}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: this.#privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** The claims of a token that this key signed, otherwise `undefined`; times and audiences are not looked at. */
  verify(token: string): TokenClaims | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const [head, body, signature, ...more] = token.split('.');
    if (!head || !body || !signature || more.length > 0) return undefined;
    if (decode(head)?.alg !== this.algorithm) return undefined;
    const key = { key: this.#publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const isOurs = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
    return isOurs ? decode(body) : undefined;
  }

  /** What verifiers elsewhere need, as one entry of a JSON Web Key Set (RFC 7517). */
  get jwk(): object {
    const parameters = this.#publicKey.export({ format: 'jwk' });
    return { use: 'sig', kid: this.#keyId, alg: this.algorithm, ...parameters };
  }
}

/** A key that lives as long as the process: its tokens end with it. On a curve, as it is made at once. */
export function makeTokenKey(): TokenKey {
  return new TokenKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** Reads the key (PKCS #8, PEM) from `path`, or makes it with mode 0600. Rejects with a PkiError when it is not one. */
export async function loadTokenKey(path: string): Promise<TokenKey> {
  const pem = await readFileIfPresent(path);
  if (pem !== undefined) return new TokenKey(readKey(path, pem));
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  await writeFileAtomically(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), 0o600);
  return new TokenKey(privateKey);
}

function readKey(path: string, pem: string): KeyObject {
  const remedy =
    'Restore it from where it was kept; when it is removed a new one is made and every ServiceAccount token ends';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new PkiError(`${path} does not hold a private key in PEM. ${remedy}`, error);
  }
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (namedCurve === 'prime256v1') return key;
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS) return key;
  throw new PkiError(
    `${path} holds neither an RSA key of ${RSA_BITS} bits or more nor one on the curve P-256. ${remedy}`,
  );
}

const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64url');

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): TokenClaims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as TokenClaims) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
