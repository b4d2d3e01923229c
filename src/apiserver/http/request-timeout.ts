// `timeout` of a request, as clients add it to nearly all of theirs: everything is answered long before, so that what
// remains is to refuse what is no duration, in upstream's words. What lasts (watches, logs, streams, proxied requests)
// is not asked: there the word is somebody else's.
import { badRequest } from '../../api/status-error.ts';
import { attributesOf, isPath, type RequestLine } from '../auth/attributes.ts';

const LASTING_SUBRESOURCES = ['attach', 'exec', 'log', 'portforward', 'proxy'];
/** https://pkg.go.dev/time#ParseDuration */
const DURATION = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;

/** @throws StatusError BadRequest */
export function checkTimeout(request: RequestLine): void {
  const timeout = request.query.get('timeout');
  if (!timeout || DURATION.test(timeout) || isLasting(request)) return;
  const why = `time: invalid duration ${JSON.stringify(timeout)}`;
  throw badRequest(`invalid timeout specified in the request URL - ${why}`);
}

function isLasting(request: RequestLine): boolean {
  const attributes = attributesOf(request);
  if (isPath(attributes)) return false;
  return attributes.verb === 'watch' || LASTING_SUBRESOURCES.includes(attributes.subresource);
}
