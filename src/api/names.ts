// The rules for names, keys and values in objects. Each function returns upstream's sentences about what is
// wrong, none when the text is right. Source: k8s.io/apimachinery/pkg/util/validation.

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const label = new RegExp(`^${LABEL}$`);
const subdomain = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedPart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const configKey = /^[-._a-zA-Z0-9]+$/;
const environmentName = /^[ -<>-~]+$/;

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end" +
  " with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is" +
  ` '${LABEL}')`;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start" +
  " and end with an alphanumeric character (e.g. 'example.com', regex used for validation is" +
  ` '${LABEL}(\\.${LABEL})*')`;
const DNS1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character," +
  " and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is" +
  " '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character" +
  " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is" +
  " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and" +
  " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is" +
  " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME', " +
  " or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const maxLength = (max: number) => `must be no more than ${max} characters`;

/** The pattern runs only on text of bounded length. */
function check(text: string, max: number, pattern: RegExp, rule: string): string[] {
  if (text.length > max) return [maxLength(max)];
  return pattern.test(text) ? [] : [rule];
}

/** RFC 1123 label: names of namespaces, containers, volumes. */
export const labelNameProblems = (text: string): string[] => check(text, 63, label, LABEL_RULE);
/** RFC 1123 subdomain: the rule for most object names. */
export const subdomainProblems = (text: string): string[] => check(text, 253, subdomain, SUBDOMAIN_RULE);
/** RFC 1035 label: names of Services. */
export const serviceNameProblems = (text: string): string[] => check(text, 63, dns1035, DNS1035_RULE);

/** Names that only have to fit into a URL, such as `system:node` of RBAC. */
export function pathSegmentProblems(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((character) => text.includes(character)).map((c) => `may not contain '${c}'`);
}

/** `[prefix/]name`: keys of labels and annotations, finalizers, resource names. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${QUALIFIED_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1] ?? '';
  const problems: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(prefix).map((p) => `prefix part ${p}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  problems.push(...check(name, 63, qualifiedPart, QUALIFIED_RULE).map((p) => `name part ${p}`));
  return problems;
}

export function labelValueProblems(text: string): string[] {
  return text === '' ? [] : check(text, 63, qualifiedPart, VALUE_RULE);
}

/** Keys of ConfigMap and Secret: they become file names. */
export function configKeyProblems(text: string): string[] {
  const problems = check(text, 253, configKey, CONFIG_KEY_RULE);
  if (text === '.') return [...problems, "must not be '.'"];
  if (text === '..') return [...problems, "must not be '..'"];
  if (text.startsWith('..')) return [...problems, "must not start with '..'"];
  return problems;
}

/** Since Kubernetes 1.32 every printable ASCII character but `=` is allowed. */
export function environmentNameProblems(text: string): string[] {
  if (environmentName.test(text)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Names of container ports, and what probes and targetPorts may refer to. */
export function portNameProblems(text: string): string[] {
  const problems: string[] = [];
  if (text.length > 15) problems.push(maxLength(15));
  if (!/^[-a-z0-9]*$/.test(text)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)');
  if (text.includes('--')) problems.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

export function portNumberProblems(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? []
    : ['must be between 1 and 65535, inclusive'];
}
