// An Ingress as boards see it, and which Ingresses are ours to serve: the IngressClass decides, so that another
// controller in the same cluster keeps its own.
// https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
import type { Ingress, IngressClass, Node, networking } from '../objects.ts';
import { backendSecretsOf } from './backend-tls.ts';

/** `spec.controller` of the classes that boards serve. */
const INGRESS_CONTROLLER = 'edge-cluster.io/ingress';
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';
/** From before there were classes; names one all the same. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
/** On Nodes whose agent listens for Ingress at this moment. */
export const INGRESS_BOARD_LABEL = 'edge-cluster.io/ingress';

/** The class that every cluster has from its first start; the default until a person says otherwise. */
export const edgeIngressClass = {
  metadata: { name: 'edge', annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } },
  spec: { controller: INGRESS_CONTROLLER },
} as const;

export interface BoardIngress {
  /** `namespace/name` */
  key: string;
  uid: string;
  /** RFC 3339: of two Ingresses that claim the same path the older one has it. */
  createdAt: string;
  annotations?: Readonly<Record<string, string>>;
  spec: networking.IngressSpec;
}

export const ingressClassOf = ({ spec, metadata }: Ingress): string | undefined =>
  spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];

/** False for an Ingress without a class: where there is a default class it was given that when it was made. */
export function isServedByBoards(
  ingress: Ingress,
  classNamed: (name: string) => IngressClass | undefined,
): boolean {
  const name = ingressClassOf(ingress);
  return name !== undefined && classNamed(name)?.spec?.controller === INGRESS_CONTROLLER;
}

export const servesIngress = ({ metadata }: Pick<Node, 'metadata'>): boolean =>
  metadata.labels?.[INGRESS_BOARD_LABEL] === 'true';

/** Keys `namespace/name` of the Secrets with its certificates, and with what its backends' are judged by. */
export function secretsOf({ metadata: { namespace, annotations }, spec }: Ingress): string[] {
  const shown = (spec.tls ?? []).flatMap(({ secretName }) =>
    secretName ? `${namespace}/${secretName}` : [],
  );
  return [...new Set([...shown, ...backendSecretsOf(annotations, namespace)])];
}
