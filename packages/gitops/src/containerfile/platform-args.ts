import type { Variables } from './scope';

/** What an image runs on, or is built on. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** The variables that BuildKit sets by itself: seen in every FROM, and in stages that declare them with ARG. */
export function platformArgs(target: Platform, build: Platform): Variables {
  return { ...argsOf('TARGET', target), ...argsOf('BUILD', build) };
}

function argsOf(prefix: string, { os, architecture, variant = '' }: Platform): Variables {
  return {
    [`${prefix}PLATFORM`]: [os, architecture, ...(variant ? [variant] : [])].join('/'),
    [`${prefix}OS`]: os,
    [`${prefix}ARCH`]: architecture,
    [`${prefix}VARIANT`]: variant,
  };
}
