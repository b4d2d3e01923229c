// The way to the API server as the verbs see it: raw requests, for kinds that only its discovery knows.
import type { HttpConnection, HttpRequest } from '../client/http-connection.ts';

export type ApiRequest = HttpRequest;

/** Every method rejects with a StatusError. */
export type ApiConnection = Pick<HttpConnection, 'json' | 'stream'>;
