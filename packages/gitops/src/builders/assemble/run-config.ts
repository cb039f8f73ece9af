import { posix } from 'node:path';
import type {
  Cmd,
  Command,
  Entrypoint,
  Healthcheck,
  Instruction,
  Label,
} from '../../containerfile/instructions';
import type { RunConfig } from '../../oci/types';
import { GitopsError } from '../../support/errors';
import { exposedPorts } from './ports';
import { stopSignal } from './signals';

/** As Linux has it where nobody set one; the Engine gives it to every image that has none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SHELL = ['/bin/sh', '-c'];

type Pairs = readonly (readonly [name: string, value: string])[];

/** What is expanded by the stage's variables before it goes into the configuration. */
export interface Expander {
  word(word: string): string;
  words(word: string): string[];
}

/** The run part of an image's configuration while its stage is gone through. */
export class RunConfigDraft {
  private readonly config: Mutable<RunConfig>;
  private commandIsOurs = false;

  /** @param base what the base hands down */
  constructor(base: RunConfig = {}) {
    this.config = copyOf(base);
  }

  /** The environment in its order. */
  get env(): Pairs {
    return (this.config.Env ?? []).map((text) => {
      const at = text.indexOf('=');
      return at === -1 ? ([text, ''] as const) : ([text.slice(0, at), text.slice(at + 1)] as const);
    });
  }

  get workdir(): string {
    return this.config.WorkingDir || '/';
  }

  get user(): string {
    return this.config.User ?? '';
  }

  /** A stage that is based on this one starts with what it made. */
  result(): RunConfig {
    return copyOf(this.config);
  }

  setEnv(env: Pairs): void {
    this.config.Env = env.map(([name, value]) => `${name}=${value}`);
  }

  /** The environment of an image has a PATH, whatever its base. */
  ensurePath(): void {
    if (!this.env.some(([name]) => name === 'PATH')) this.setEnv([['PATH', DEFAULT_PATH], ...this.env]);
  }

  /** Drops the labels that say what the base is, and keeps what else it says. */
  dropLabels(speaksOfTheBase: (name: string) => boolean): void {
    const labels = Object.entries(this.config.Labels ?? {}).filter(([name]) => !speaksOfTheBase(name));
    this.config.Labels = labels.length ? Object.fromEntries(labels) : undefined;
  }

  /** Takes in one instruction that only changes the configuration; others change nothing here. */
  apply(instruction: Instruction, expand: Expander): void {
    switch (instruction.keyword) {
      case 'LABEL':
        this.config.Labels = Object.assign(this.config.Labels ?? {}, labels(instruction, expand));
        break;
      case 'USER':
        this.config.User = expand.word(instruction.user);
        break;
      case 'WORKDIR':
        this.config.WorkingDir = posix.resolve('/', this.workdir, expand.word(instruction.path));
        break;
      case 'EXPOSE':
        this.config.ExposedPorts = {
          ...this.config.ExposedPorts,
          ...exposedPorts(instruction.ports.flatMap((port) => expand.words(port))),
        };
        break;
      case 'VOLUME':
        this.config.Volumes = { ...this.config.Volumes, ...volumes(instruction.paths, expand) };
        break;
      case 'STOPSIGNAL':
        this.config.StopSignal = stopSignal(expand.word(instruction.signal));
        break;
      case 'HEALTHCHECK':
        this.config.Healthcheck = healthcheck(instruction);
        break;
      case 'SHELL':
        this.config.Shell = [...instruction.args];
        break;
      case 'CMD':
        this.config.Cmd = this.args(instruction);
        this.commandIsOurs = true;
        break;
      case 'ENTRYPOINT':
        this.config.Entrypoint = this.args(instruction);
        // What the base runs by default is no argument to another program.
        if (!this.commandIsOurs) this.config.Cmd = undefined;
        break;
      case 'ONBUILD':
        this.config.OnBuild = [...(this.config.OnBuild ?? []), instruction.trigger];
        break;
    }
  }

  private args({ command }: Cmd | Entrypoint): string[] {
    return command.form === 'exec'
      ? [...command.args]
      : [...(this.config.Shell ?? DEFAULT_SHELL), command.text];
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** With labels that can be added to: a root image has as many as there are images, one by one. */
function copyOf(config: RunConfig): Mutable<RunConfig> {
  return { ...config, ...(config.Labels ? { Labels: { ...config.Labels } } : {}) };
}

function labels(instruction: Label, expand: Expander): Record<string, string> {
  return Object.fromEntries(
    instruction.pairs.map(({ name, value }) => [expand.word(name), expand.word(value)]),
  );
}

function volumes(paths: readonly string[], expand: Expander): Record<string, object> {
  return Object.fromEntries(
    paths.map((path) => {
      const volume = expand.word(path).trim();
      if (volume === '') throw new GitopsError('VOLUME names an empty path');
      return [volume, {}];
    }),
  );
}

function healthcheck({ check }: Healthcheck): RunConfig['Healthcheck'] {
  if (check === 'none') return { Test: ['NONE'] };
  const { command, interval, timeout, startPeriod, startInterval, retries } = check;
  return {
    Test: testOf(command),
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}

function testOf(command: Command): string[] {
  return command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.text];
}
