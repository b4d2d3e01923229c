// What gRPC's clients are told in place of a pod, and which fields pods that speak HTTP/2 are sent.
import t from 'tap';
import { grpcFields, isGrpcType } from '../../../src/ingress/grpc-answer.ts';
import { answerTrailers, requestFields, requestTrailers } from '../../../src/ingress/http2/http2-fields.ts';

t.test("HTTP's statuses are those that gRPC's documents and nginx's guide make of them", async (t) => {
  for (const [http, grpc] of [
    [400, '13'],
    [403, '7'],
    [404, '12'],
    [413, '8'],
    [502, '14'],
    [503, '14'],
    [504, '14'],
    [418, '2'],
  ] as const) {
    t.equal(grpcFields(http)['grpc-status'], grpc, String(http));
  }
  t.equal(grpcFields(503)['grpc-message'], '503 Service Unavailable');
});

t.test('gRPC is told by its type, and gRPC-Web is another', async (t) => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'Application/GRPC; charset=x'])
    t.ok(isGrpcType(type), type);
  for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'text/plain', undefined])
    t.notOk(isGrpcType(type), String(type));
});

t.test('of te one word is passed on, and Host becomes the authority', async (t) => {
  const request = {
    method: 'POST',
    path: '/a?b',
    headers: { host: 'a.test', 'x-real-ip': '10.0.0.1' },
    tls: undefined,
    connectTimeoutMs: 1,
    readTimeoutMs: 1,
  };
  const plain = {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'a.test',
    ':path': '/a?b',
    'x-real-ip': '10.0.0.1',
  };
  t.strictSame(requestFields(request, undefined), plain);
  t.strictSame(requestFields(request, 'gzip'), plain);
  t.strictSame(requestFields({ ...request, tls: {} }, 'gzip, Trailers'), {
    ...plain,
    ':scheme': 'https',
    te: 'trailers',
  });
});

t.test('no trailer says what only a head may, or what ours has said', async (t) => {
  const head = { 'x-user': 'a', 'x-forwarded-for': '10.0.0.1' };
  const odd = {
    'x-user': 'b',
    'x-forwarded-for': '9.9.9.9',
    'X-Forwarded-Proto': 'https',
    host: 'b',
    authorization: 'x',
    'content-type': 'x',
    'transfer-encoding': 'chunked',
    connection: 'x-ok',
    x_real_ip: '9.9.9.9',
    ':path': '/',
  };
  t.strictSame(requestTrailers({ ...odd, 'x-sum': '1' }, head), { 'x-sum': '1' });
  t.strictSame(
    answerTrailers({ 'grpc-status': '0', 'content-length': '1', ':status': '200', trailer: 'x' }),
    {
      'grpc-status': '0',
    },
  );
});
