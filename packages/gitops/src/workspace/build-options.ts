import type { EngineOptions } from '../builders/engine/options';

/** The options of the executor `build`. Each is documented in its schema. */
export interface BuildOptions extends EngineOptions {
  /** Relative to the workspace. */
  readonly containerfile: string;
  readonly context?: 'project' | 'workspace';
  readonly image?: string;
  readonly target?: string;
  /** `NAME=value`, or `NAME` to take it from the environment. */
  readonly buildArgs?: readonly string[];
  readonly platforms?: readonly string[];
  /** Relative to the workspace. */
  readonly outputPath?: string;
  readonly full?: boolean;
  readonly concurrency?: number;
  readonly builder?: 'auto' | 'assemble' | 'docker';
}

/**
 * An image must not depend on the machine that builds it, so neither does the platform that it is for.
 */
export const DEFAULT_PLATFORMS: readonly string[] = ['linux/amd64'];

/** The values of the build arguments; a name alone, which the environment does not have, has none. */
export function buildArguments(
  given: readonly string[] = [],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    given.flatMap((argument) => {
      const at = argument.indexOf('=');
      if (at !== -1) return [[argument.slice(0, at), argument.slice(at + 1)]];
      const value = environment[argument];
      return value === undefined ? [] : [[argument, value]];
    }),
  );
}

/** The build arguments that come from the environment. */
export function environmentArguments(given: readonly string[] = []): string[] {
  return given.filter((argument) => !argument.includes('='));
}
