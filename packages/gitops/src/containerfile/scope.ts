import { ContainerfileError } from './errors';
import {
  UNKNOWN,
  expandHeredoc,
  expandPartially,
  expandWords,
  type Escape,
  type Expansion,
  type Lookup,
} from './expand';
import type { Arg, Env } from './instructions';

/** A value for each name. */
export type Variables = Readonly<Record<string, string>>;

/** Variables in their order. */
export type Environment = readonly (readonly [name: string, value: string])[];

/** What a stage `FROM scratch` starts with, on Linux. */
export const SCRATCH_ENVIRONMENT: Environment = [
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
];

/** Build arguments that a RUN gets without any ARG. */
const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/** Whether a build argument is predefined: no ARG needs to declare it, and it has no part in a revision. */
export function isPredefined(name: string): boolean {
  return PROXIES.includes(name) || PROXIES.includes(name.toLowerCase()) || name.startsWith('BUILDKIT_');
}

export interface ScopeOptions {
  /** The path that errors name. */
  readonly file: string;
  readonly escape: Escape;
  /** The values of ARGs before the first FROM, as `planStages` gives them. */
  readonly globals: ReadonlyMap<string, string>;
  readonly buildArgs: Variables;
  /** TARGETPLATFORM and its kin, as `planStages` gives them: seen by a stage that declares them. */
  readonly platform: Variables;
  /**
   * What the base hands down: an image's environment; the scope of the stage that this one is based on, which
   * hands down its ARGs as well; `undefined` if it is not known.
   */
  readonly env: Environment | Scope | undefined;
}

/**
 * The variables of one stage, while its instructions are gone through in order. As BuildKit has them: ENV and
 * ARG set the same variables, and the later one wins; only ENV goes into the image's environment.
 */
export class Scope {
  /** What words see. */
  private readonly variables: Map<string, string | typeof UNKNOWN>;
  /** What the image's configuration gets. */
  private readonly environment: Map<string, string | typeof UNKNOWN>;
  /** ARGs that no later ENV hides. */
  private readonly visible: Map<string, string | typeof UNKNOWN>;
  private readonly declared = new Map<string, string | typeof UNKNOWN>();
  /** Whether there may be variables that we do not know of. */
  private open: boolean;

  constructor(private readonly options: ScopeOptions) {
    const { env: base } = options;
    if (base instanceof Scope) {
      this.variables = new Map(base.variables);
      this.environment = new Map(base.environment);
      this.visible = new Map(base.visible);
      this.open = base.open;
    } else {
      this.variables = new Map(base);
      this.environment = new Map(base);
      this.visible = new Map();
      this.open = base === undefined;
    }
  }

  /**
   * Takes in what an ARG or ENV declares. All words of one instruction see the variables before it.
   *
   * @throws ContainerfileError for words that are not well-formed
   */
  apply(instruction: Arg | Env): void {
    const { line } = instruction;
    const found =
      instruction.keyword === 'ENV'
        ? instruction.pairs.map((pair) => [this.name(pair.name, line), this.value(pair.value, line)] as const)
        : instruction.args.map((arg) => {
            const name = this.name(arg.name, line);
            return [name, name === UNKNOWN ? UNKNOWN : this.argument(name, arg.value, line)] as const;
          });
    for (const [name, value] of found) {
      if (name === UNKNOWN) this.forget();
      else if (value !== undefined) this.set(instruction.keyword, name, value);
    }
  }

  /**
   * The word with its variables expanded.
   *
   * @throws ContainerfileError if it is not well-formed, or depends on a variable that is unknown
   */
  expand(word: string, line: number): string {
    const { text, unknown } = this.expandPartially(word, line);
    if (unknown !== undefined) throw this.unknown(unknown, line);
    return text;
  }

  /** The word as far as it is known. */
  expandPartially(word: string, line: number): Expansion {
    return expandPartially(word, (name) => this.lookup(name), this.options.escape, this.place(line));
  }

  /** For EXPOSE, whose words split. */
  expandWords(word: string, line: number): string[] {
    return expandWords(word, this.strictLookup(line), this.options.escape, this.place(line));
  }

  /** For the heredocs of COPY and ADD that have `expand` set. */
  expandHeredoc(content: string, line: number): string {
    return expandHeredoc(content, this.strictLookup(line), this.place(line));
  }

  /** The environment for the image's configuration, in order. The base must be known. */
  env(): [name: string, value: string][] {
    return known(this.environment);
  }

  /** What a RUN gets besides the environment: the ARGs, and the proxies among the build arguments. */
  runArgs(): Record<string, string> {
    const proxies = Object.entries(this.options.buildArgs).filter(([name]) =>
      PROXIES.includes(name.toLowerCase()),
    );
    return Object.fromEntries([...proxies, ...known(this.visible)]);
  }

  /** The ARGs that this stage has declared so far and that have a known value: they belong to its revision. */
  args(): Record<string, string> {
    return Object.fromEntries(known(this.declared));
  }

  private lookup(name: string): string | undefined | typeof UNKNOWN {
    return this.variables.get(name) ?? (this.open ? UNKNOWN : undefined);
  }

  private strictLookup(line: number): Lookup {
    return (name) => {
      const value = this.lookup(name);
      if (value === UNKNOWN) throw this.unknown(name, line);
      return value;
    };
  }

  /** A build argument comes before the default, that before a global ARG; with none, what was set stays. */
  private argument(name: string, written: string | undefined, line: number) {
    const { buildArgs, globals, platform } = this.options;
    if (Object.hasOwn(buildArgs, name)) return buildArgs[name]!;
    if (written !== undefined) return this.value(written, line);
    return globals.get(name) ?? (Object.hasOwn(platform, name) ? platform[name] : undefined);
  }

  private value(word: string, line: number): string | typeof UNKNOWN {
    const { text, unknown } = this.expandPartially(word, line);
    return unknown === undefined ? text : UNKNOWN;
  }

  private name(word: string, line: number): string | typeof UNKNOWN {
    const name = this.value(word, line);
    if (name !== '') return name;
    throw new ContainerfileError(
      `the name ${word} expands to nothing`,
      this.place(line),
      'write out the name',
    );
  }

  private set(keyword: 'ARG' | 'ENV', name: string, value: string | typeof UNKNOWN): void {
    this.variables.set(name, value);
    if (keyword === 'ENV') {
      this.environment.set(name, value);
      this.visible.delete(name);
    } else {
      this.visible.set(name, value);
      this.declared.set(name, value);
    }
  }

  /** A variable of unknown name has been set: it may be any. */
  private forget(): void {
    this.variables.clear();
    this.open = true;
  }

  private unknown(name: string, line: number): ContainerfileError {
    return new ContainerfileError(
      `the variable "${name}" is not known before the base image is`,
      this.place(line),
      `set it with ARG ${name}=... or ENV ${name}=... in this stage`,
    );
  }

  private place(line: number) {
    return { file: this.options.file, line };
  }
}

function known(variables: ReadonlyMap<string, string | typeof UNKNOWN>): [string, string][] {
  return [...variables].filter((entry): entry is [string, string] => entry[1] !== UNKNOWN);
}
