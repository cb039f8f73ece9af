/**
 * What a container file says, instruction by instruction. Words are kept as they were written, quotes and
 * variables included: what they expand to depends on the stage, see `expand.ts`.
 * Source: the Dockerfile reference (docs.docker.com/reference/dockerfile), and what BuildKit is seen to do.
 */
export type Instruction =
  | From
  | Arg
  | Env
  | Label
  | Copy
  | Add
  | Run
  | Cmd
  | Entrypoint
  | Workdir
  | User
  | Expose
  | Volume
  | StopSignal
  | Healthcheck
  | Shell
  | Onbuild
  | Maintainer;

export type Keyword = Instruction['keyword'];

/** The instruction as an image's history shows it: however it is laid out over lines, it reads the same. */
export function historyText({ text }: Instruction): string {
  return text.replace(/\s+/g, ' ');
}

interface Located {
  /** First line of the instruction, counted from 1. */
  readonly line: number;
  /** Last line of the instruction, its heredocs included. */
  readonly endLine: number;
  /** The instruction's text: continuations joined, comments inside removed, heredoc bodies left out. */
  readonly text: string;
}

export interface From extends Located {
  readonly keyword: 'FROM';
  /** An image reference, a stage's name or `scratch`; may hold variables. */
  readonly image: string;
  /** `AS name`, in lower case. */
  readonly stage?: string;
  readonly platform?: string;
}

export interface Arg extends Located {
  readonly keyword: 'ARG';
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

/** Key and value as written; both may hold variables. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface Env extends Located {
  readonly keyword: 'ENV';
  readonly pairs: readonly Pair[];
}

export interface Label extends Located {
  readonly keyword: 'LABEL';
  readonly pairs: readonly Pair[];
}

/** A here-document: `<<EOF`, `<<-EOF` (leading tabs removed), `<<"EOF"` (no variables in it). */
export interface Heredoc {
  readonly name: string;
  /** The body, with tabs removed already where `<<-` asks for it. */
  readonly content: string;
  readonly expand: boolean;
}

interface Transfer extends Located {
  /** Paths, patterns or (ADD) addresses, in their order; a heredoc stands as `<<NAME`. */
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  /** Whether it was written in JSON form: then its words are neither unquoted nor split, but still expanded. */
  readonly json: boolean;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
}

export interface Copy extends Transfer {
  readonly keyword: 'COPY';
  /** A stage's name or number, or an image reference. */
  readonly from?: string;
}

export interface Add extends Transfer {
  readonly keyword: 'ADD';
  readonly checksum?: string;
  readonly keepGitDir: boolean;
  /** Unset: unpack local archives, and leave remote ones packed. */
  readonly unpack?: boolean;
}

/** `["a", "b"]` or a line for the shell. */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

export interface Mount {
  /** `bind`, `cache`, `tmpfs`, `secret` or `ssh`. */
  readonly type: string;
  readonly from?: string;
  readonly source?: string;
  readonly target?: string;
  /** All options as they were written, `type` and those above included; a lone word has the value `''`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface Run extends Located {
  readonly keyword: 'RUN';
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly Mount[];
  readonly network?: string;
  readonly security?: string;
}

export interface Cmd extends Located {
  readonly keyword: 'CMD';
  readonly command: Command;
}

export interface Entrypoint extends Located {
  readonly keyword: 'ENTRYPOINT';
  readonly command: Command;
}

export interface Workdir extends Located {
  readonly keyword: 'WORKDIR';
  readonly path: string;
}

export interface User extends Located {
  readonly keyword: 'USER';
  readonly user: string;
}

export interface Expose extends Located {
  readonly keyword: 'EXPOSE';
  readonly ports: readonly string[];
}

export interface Volume extends Located {
  readonly keyword: 'VOLUME';
  readonly paths: readonly string[];
}

export interface StopSignal extends Located {
  readonly keyword: 'STOPSIGNAL';
  readonly signal: string;
}

export interface Healthcheck extends Located {
  readonly keyword: 'HEALTHCHECK';
  /** `none` for `HEALTHCHECK NONE`. Durations are nanoseconds, as the image configuration has them. */
  readonly check:
    | 'none'
    | {
        readonly command: Command;
        readonly interval?: number;
        readonly timeout?: number;
        readonly startPeriod?: number;
        readonly startInterval?: number;
        readonly retries?: number;
      };
}

export interface Shell extends Located {
  readonly keyword: 'SHELL';
  readonly args: readonly string[];
}

export interface Onbuild extends Located {
  readonly keyword: 'ONBUILD';
  /** The instruction as it goes into the image's configuration. */
  readonly trigger: string;
}

export interface Maintainer extends Located {
  readonly keyword: 'MAINTAINER';
  readonly name: string;
}

export interface Stage {
  readonly index: number;
  readonly name?: string;
  readonly from: From;
  /** Everything after FROM. */
  readonly instructions: readonly Exclude<Instruction, From>[];
}

export interface Containerfile {
  /** The path that errors name, relative to the workspace. */
  readonly file: string;
  readonly directives: {
    /** `# syntax=`: the frontend's image. */
    readonly syntax?: string;
    readonly escape: '\\' | '`';
    readonly check?: string;
  };
  /** ARG instructions before the first FROM. */
  readonly globals: readonly Arg[];
  readonly stages: readonly Stage[];
}
