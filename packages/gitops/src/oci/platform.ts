import { GitopsError } from '../support/errors';

/** What an image runs on (image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const ALIASES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
};

/**
 * Reads `os/architecture[/variant]`, with the usual other names of architectures: `linux/aarch64` is `linux/arm64`.
 * @throws GitopsError when the text has another form
 */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.trim().toLowerCase().split('/');
  const parts = [os, architecture, ...(variant === undefined ? [] : [variant])];
  if (rest.length > 0 || parts.some((part) => !part || !/^[a-z0-9_.-]+$/.test(part))) {
    throw new GitopsError(
      `"${text}" is not a platform`,
      undefined,
      'write os/architecture[/variant], such as linux/amd64',
    );
  }
  return normalizePlatform({ os: os!, architecture: architecture!, ...(variant ? { variant } : {}) });
}

/** `linux/arm64`, `linux/arm/v7`: the shortest text that {@link parsePlatform} reads as the same platform. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

/** One spelling for each platform: arm64/v8 is arm64, amd64/v1 is amd64, arm is arm/v7. */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: given, ...rest } = platform;
  const architecture = ALIASES[platform.architecture.toLowerCase()] ?? platform.architecture.toLowerCase();
  let variant = given?.toLowerCase();
  if (variant && /^\d+$/.test(variant)) variant = `v${variant}`;
  if (architecture === 'arm64' && variant === 'v8') variant = undefined;
  if (architecture === 'amd64' && variant === 'v1') variant = undefined;
  if (architecture === 'arm' && !variant) variant = 'v7';
  return { ...rest, os: platform.os.toLowerCase(), architecture, ...(variant ? { variant } : {}) };
}

/** Whether both name the same platform. `os.version` counts only where `wanted` has one. */
export function samePlatform(wanted: Platform, offered: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(offered);
  return (
    a.os === b.os &&
    a.architecture === b.architecture &&
    a.variant === b.variant &&
    (a['os.version'] === undefined || a['os.version'] === b['os.version'])
  );
}

/**
 * The offer that serves the wanted platform best: the same one, else the nearest older variant, which runs there too
 * (arm/v7 runs arm/v6, amd64/v3 runs amd64). Of equals the first, as the image-spec asks.
 */
export function pickPlatform<T>(
  wanted: Platform,
  offers: readonly T[],
  platformOf: (offer: T) => Platform | undefined,
): T | undefined {
  for (const variant of runnableVariants(normalizePlatform(wanted))) {
    const found = offers.find((offer) => {
      const platform = platformOf(offer);
      return platform !== undefined && samePlatform({ ...wanted, variant }, platform);
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function runnableVariants({ architecture, variant }: Platform): (string | undefined)[] {
  const level = /^v([5-9])$/.exec(variant ?? '');
  if (architecture === 'arm' && level) return descending(Number(level[1]), 5);
  const amd64 = /^v([2-4])$/.exec(variant ?? '');
  if (architecture === 'amd64' && amd64) return [...descending(Number(amd64[1]), 2), undefined];
  return [variant];
}

function descending(from: number, to: number): string[] {
  return Array.from({ length: from - to + 1 }, (_, i) => `v${from - i}`);
}
