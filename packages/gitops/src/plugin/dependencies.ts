import type { TargetDependencyConfig } from '@nx/devkit';

/** One entry for each target and way to pass what the command line says, its projects together. */
export function mergeDependencies(dependencies: readonly TargetDependencyConfig[]): TargetDependencyConfig[] {
  const merged = new Map<string, { rest: TargetDependencyConfig; projects?: Set<string> }>();
  for (const { projects, ...rest } of dependencies) {
    const key = JSON.stringify([projects === undefined, rest]);
    let entry = merged.get(key);
    if (!entry)
      merged.set(key, (entry = { rest, ...(projects === undefined ? {} : { projects: new Set() }) }));
    for (const project of projects ?? []) entry.projects!.add(project);
  }
  return [...merged.values()].map(({ rest, projects }) =>
    projects ? { projects: [...projects], ...rest } : rest,
  );
}
