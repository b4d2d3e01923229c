// A Service as the proxy needs it: where clients connect and which endpoints are ready. The same shape travels
// on `services/NS/NAME` (mqtt/messages.ts), so what the session receives is handed on as it is.

export interface Endpoint {
  ip: string;
  port: number;
  nodeName?: string;
}

export interface ServicePort {
  name: string;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  port: number;
  nodePort?: number;
  /** Ready ones only. */
  endpoints: readonly Endpoint[];
}

export interface ServiceView {
  /** `namespace/name` */
  key: string;
  /** `None` or empty: headless, nothing to forward. */
  clusterIP: string;
  ports: readonly ServicePort[];
}
