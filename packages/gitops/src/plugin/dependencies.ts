import type { TargetDependencyConfig } from '@nx/devkit';

/** One entry for each target and way to pass what the command line says, its projects together. */
export function mergeDependencies(dependencies: readonly TargetDependencyConfig[]): TargetDependencyConfig[] {
  const merged = new Map<string, TargetDependencyConfig & { projects?: string[] }>();
  for (const dependency of dependencies) {
    const { projects, ...rest } = dependency;
    const key = JSON.stringify([projects === undefined, rest]);
    const before = merged.get(key)?.projects ?? [];
    merged.set(
      key,
      projects === undefined ? rest : { projects: [...new Set([...before, ...projects])], ...rest },
    );
  }
  return [...merged.values()];
}
