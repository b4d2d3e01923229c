// What a gRPC client is told in place of a backend: HTTP 200 and a status of gRPC's own in one head, "trailers only",
// so that its program sees the status and the words. The statuses are those that clients make of nginx's HTTP ones,
// and for those that clients have no word for, the ones of nginx's own guide to gRPC gateways.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { ClientRequestSide } from './forwarding.ts';

const UNKNOWN = 2;
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13, // INTERNAL
  403: 7, // PERMISSION_DENIED
  404: 12, // UNIMPLEMENTED
  405: 13, // INTERNAL
  413: 8, // RESOURCE_EXHAUSTED
  502: 14, // UNAVAILABLE, as the two below
  503: 14,
  504: 14,
};

export const isGrpc = ({ httpVersionMajor, headers }: ClientRequestSide): boolean =>
  httpVersionMajor === 2 && isGrpcType(headers['content-type']);

/** Not gRPC-Web, whose clients read HTTP's statuses. */
export const isGrpcType = (contentType: string | undefined): boolean =>
  /^application\/grpc(?:[+;]|$)/i.test(contentType ?? '');

/** `status` is HTTP's. */
export function grpcFields(status: number): OutgoingHttpHeaders {
  return {
    'grpc-status': String(GRPC_STATUS[status] ?? UNKNOWN),
    'grpc-message': `${status} ${STATUS_CODES[status] ?? ''}`.trim(),
  };
}
