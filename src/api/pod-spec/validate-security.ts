// The security contexts of pods and containers: ids, profiles, sysctls and what excludes what.
// Source: pkg/apis/core/validation ValidatePodSecurityContext, ValidateSecurityContext, validateSysctls
import { duplicate, invalidValue, notSupported, required } from '../field-error.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { systemId } from './numbers.ts';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const OWNER_CHANGES = ['Always', 'OnRootMismatch'];
const GROUP_POLICIES = ['Merge', 'Strict'];

const SYSCTL_MAX_LENGTH = 253;
/** Segments between dots or slashes; sysctl(8) knows both. */
const SYSCTL_PATTERN = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = new RegExp(`^${SYSCTL_PATTERN}$`);

/** The package of types is older than the policy. */
type PodContext = core.PodSecurityContext & { supplementalGroupsPolicy?: string };

export function validatePodSecurity(spec: core.PodSpec, podField: string): FieldError[] {
  const context: PodContext = spec.securityContext ?? {};
  const field = `${podField}.securityContext`;
  const errors = [
    ...validateIds(context, field),
    ...systemId(context.fsGroup, `${field}.fsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((id, i) =>
      systemId(id, `${field}.supplementalGroups[${i}]`),
    ),
    ...validateSysctls(context.sysctls ?? [], `${field}.sysctls`),
    ...oneOfSet(context.fsGroupChangePolicy, OWNER_CHANGES, `${field}.fsGroupChangePolicy`),
    ...oneOfSet(context.supplementalGroupsPolicy, GROUP_POLICIES, `${field}.supplementalGroupsPolicy`),
  ];
  if (spec.hostPID && spec.shareProcessNamespace) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalidValue(`${podField}.shareProcessNamespace`, true, why));
  }
  return errors;
}

export function validateContainerSecurity(
  context: core.SecurityContext | undefined,
  field: string,
): FieldError[] {
  if (!context) return [];
  const errors = validateIds(context, field);
  const elevated = context.privileged
    ? '`privileged` to true'
    : context.capabilities?.add?.includes('CAP_SYS_ADMIN') && '`capabilities.Add` CAP_SYS_ADMIN';
  if (context.allowPrivilegeEscalation === false && elevated) {
    const why = `cannot set \`allowPrivilegeEscalation\` to false and ${elevated}`;
    errors.push(invalidValue(field, context, why));
  }
  return errors;
}

/** What both kinds of context may say. */
function validateIds(context: core.PodSecurityContext | core.SecurityContext, field: string): FieldError[] {
  return [
    ...systemId(context.runAsUser, `${field}.runAsUser`),
    ...systemId(context.runAsGroup, `${field}.runAsGroup`),
    ...validateProfile(context.seccompProfile, 'seccomp', `${field}.seccompProfile`),
    ...validateProfile(context.appArmorProfile, 'AppArmor', `${field}.appArmorProfile`),
  ];
}

function validateProfile(
  profile: core.SeccompProfile | core.AppArmorProfile | undefined,
  what: string,
  field: string,
): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  if (!type) return [required(`${field}.type`, 'type is required when profile is set')];
  if (!PROFILE_TYPES.includes(type)) return [notSupported(`${field}.type`, type, PROFILE_TYPES)];
  const isLocal = type === 'Localhost';
  if (isLocal && !localhostProfile?.trim()) {
    return [required(`${field}.localhostProfile`, `must be set when ${what} type is Localhost`)];
  }
  if (isLocal || localhostProfile === undefined) return [];
  const why = `can only be set when ${what} type is Localhost`;
  return [invalidValue(`${field}.localhostProfile`, localhostProfile, why)];
}

function validateSysctls(sysctls: readonly core.Sysctl[], field: string): FieldError[] {
  const seen = new Set<string>();
  return sysctls.flatMap(({ name }, i) => {
    const at = `${field}[${i}].name`;
    const errors = validateSysctlName(name, at);
    if (errors.length === 0 && seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    return errors;
  });
}

function validateSysctlName(name: string, field: string): FieldError[] {
  if (!name) return [required(field)];
  if (name.length <= SYSCTL_MAX_LENGTH && SYSCTL.test(name)) return [];
  const why = `must have at most ${SYSCTL_MAX_LENGTH} characters and match regex ${SYSCTL_PATTERN}`;
  return [invalidValue(field, name, why)];
}

/** A value that may be left out. */
function oneOfSet(value: string | undefined, supported: readonly string[], field: string): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}
