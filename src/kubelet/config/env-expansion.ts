// Kubernetes' `$(VAR)` expansion in env values, commands and arguments: `$$` is `$`, an unknown name stays as
// written. https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/

export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === '$') return '$';
    return variables.get(name ?? '') ?? whole;
  });
}
