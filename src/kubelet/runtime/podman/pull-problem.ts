// Why an image could not be fetched, in one sentence with what to do. The words matched are those of
// containers/image, which podman passes through.
import { messageOf } from '../../../base/error-message.ts';
import { RuntimeError } from '../runtime.ts';

const NO_ANSWER = 'its registry does not answer';
/** Of our own call, not podman's words: its path tells a user nothing. */
const silence = /^no answer to POST/;

const causes: { words: RegExp; say: string }[] = [
  {
    words: /manifest unknown|name unknown|repository .* not found|StatusCode: 404|404 \(Not Found\)/i,
    say: 'the registry has no such image: check name and tag',
  },
  {
    words: /unauthorized|authentication required|access to the resource is denied|requested access|denied:/i,
    say: 'the registry refuses without other credentials, or the image does not exist',
  },
  {
    words: /no such host|server misbehaving|name resolution/i,
    say: 'the name of its registry cannot be resolved',
  },
  {
    words:
      /connection refused|no route to host|network is unreachable|i\/o timeout|context deadline exceeded/i,
    say: NO_ANSWER,
  },
  {
    words: /x509|certificate|server gave HTTP response to HTTPS/i,
    say: "its registry's certificate is not trusted",
  },
  { words: /no space left/i, say: "the board's disk is full" },
  {
    words: /no image found in (manifest list|image index) for architecture/i,
    say: 'it is not built for this board',
  },
  { words: /toomanyrequests|rate limit/i, say: 'the registry asks to wait: too many pulls' },
];

/** A RuntimeError `ErrImagePull`, or `InvalidImageName` when the name itself is malformed. */
export function pullProblem(image: string, error: unknown): RuntimeError {
  const words = messageOf(error).replace(/\s+/g, ' ').trim();
  if (/invalid reference format|must be lowercase/.test(words)) {
    return new RuntimeError('InvalidImageName', `${image} is not a valid image name`);
  }
  if (silence.test(words)) return new RuntimeError('ErrImagePull', `cannot pull ${image}: ${NO_ANSWER}`);
  const known = causes.find((cause) => cause.words.test(words))?.say;
  const message = known ? `cannot pull ${image}: ${known} (${words})` : `cannot pull ${image}: ${words}`;
  return new RuntimeError('ErrImagePull', message);
}
