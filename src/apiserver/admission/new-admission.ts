// Puts the admission plugins together, in upstream's order.
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Store } from '../../store/store.ts';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { Admission, type AdmissionPlugin } from './admission.ts';
import { ClaimResize } from './claim-resize.ts';
import { DefaultIngressClass } from './default-ingress-class.ts';
import { LimitRanger } from './limit-ranger.ts';
import { PodSecurity } from './pod-security.ts';
import { PriorityAdmission } from './priority.ts';
import { QuotaLedger } from './quota-ledger.ts';
import { RuntimeClassAdmission } from './runtime-class.ts';
import { ServiceAccountAdmission } from './service-account-admission.ts';
import { StorageDefaults } from './storage-defaults.ts';

export interface AccountOptions {
  tokens: ServiceAccountTokens;
  /** Put into the Secrets that hold a token. */
  caPem: string;
}

export interface AdmissionParts {
  admission: Admission;
  /** Start them once the store is started, before anything writes. */
  components: Component[];
}

/** `accounts` undefined = a registry without an API server, where pods have no accounts. */
export function newAdmission(
  store: Store,
  clock: Clock,
  accounts: AccountOptions | undefined,
  random: () => number,
): AdmissionParts {
  const ledger = new QuotaLedger(store, clock);
  const plugins: AdmissionPlugin[] = [
    new LimitRanger(store),
    ...(accounts ? [new ServiceAccountAdmission(store, accounts.tokens, accounts.caPem, random)] : []),
    new PodSecurity(store),
    new PriorityAdmission(store),
    new StorageDefaults(store),
    new RuntimeClassAdmission(store),
    new ClaimResize(store),
    new DefaultIngressClass(store),
  ];
  return { admission: new Admission(plugins, ledger), components: [ledger] };
}
