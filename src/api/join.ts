// What a board sends to `POST /edge/v1/join` and gets back: a token buys a client certificate.

export interface JoinRequest {
  /** Six characters, the name of the Secret `bootstrap-token-<id>` in kube-system. */
  tokenId: string;
  tokenSecret: string;
  nodeName: string;
  /** PKCS #10 request in PEM; only its public key counts, the server writes the subject. */
  csrPem: string;
}

export interface JoinResponse {
  certificatePem: string;
  caPem: string;
  /** Where the broker listens, on the host that answered. */
  mqttPort: number;
}
