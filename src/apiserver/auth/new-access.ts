// Puts authentication and authorization together from what the server is configured with.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { makeTokenKey, type TokenKey } from '../../pki/token-key.ts';
import type { Store } from '../../store/store.ts';
import { RequestAudit } from '../http/request-audit.ts';
import { AccessControl } from './access-control.ts';
import { AuditLog } from './audit-log.ts';
import { Authenticator } from './authenticator.ts';
import { Authorizer } from './authorizer.ts';
import { BoardPods } from './board-pods.ts';
import { LastingRights } from './lasting-rights.ts';
import { PolicyIndex } from './policy-index.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { type StaticCredential, StaticCredentials } from './static-credentials.ts';

export interface AccessOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Signs ServiceAccount tokens; without one they end with the process. */
  tokenKey?: TokenKey | undefined;
  /** Bearer tokens from a file; none unless said. */
  staticTokens?: readonly StaticCredential[] | undefined;
  /** Names and passwords from a file; basic authentication is off unless said. */
  passwords?: readonly StaticCredential[] | undefined;
  /** Where requests are recorded; off unless said. */
  auditLogPath?: string | undefined;
}

export interface AccessParts {
  access: AccessControl;
  authenticator: Authenticator;
  authorizer: Authorizer;
  policy: PolicyIndex;
  lasting: LastingRights;
  tokens: ServiceAccountTokens;
  audit: RequestAudit | undefined;
  /** Start them once the store is started, before anything listens. */
  components: Component[];
}

export function newAccess(options: AccessOptions): AccessParts {
  const { store, clock, logger, staticTokens = [], passwords = [], auditLogPath } = options;
  const policy = new PolicyIndex(store);
  const tokens = new ServiceAccountTokens(options.tokenKey ?? makeTokenKey(), store, clock, randomUUID);
  const authorizer = new Authorizer(policy, new BoardPods(store));
  const lasting = new LastingRights(authorizer, policy, clock);
  const authenticator = new Authenticator(tokens, new StaticCredentials(staticTokens, passwords));
  const log = auditLogPath ? new AuditLog(auditLogPath, logger) : undefined;
  return {
    access: new AccessControl(authenticator, authorizer),
    authenticator,
    authorizer,
    policy,
    lasting,
    tokens,
    audit: log && new RequestAudit(log, clock),
    components: [policy, lasting, ...(log ? [log] : [])],
  };
}
