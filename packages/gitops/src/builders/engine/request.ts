import type { Tree } from '../../filetree/entry';
import type { Containerfile } from '../../containerfile/instructions';

/** What to build, whichever builder the engine has. */
export interface BuildRequest {
  /** For the places in messages. */
  readonly containerfile: Containerfile;
  /** The container file that the engine gets: the references to bases may be replaced. */
  readonly text: string;
  /** The build context, filtered already. */
  readonly context: Tree;
  readonly query: BuildQuery;
  readonly signal?: AbortSignal;
}

/** Parameters of the Engine API's `POST /build` that we use, by the names it gives them. */
export interface BuildQuery {
  /** A name for the image. */
  readonly t?: string;
  readonly target?: string;
  readonly platform?: string;
  readonly buildargs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly networkmode?: string;
  /** Each `host:address`. */
  readonly extrahosts?: readonly string[];
  readonly cachefrom?: readonly string[];
  readonly nocache?: boolean;
  readonly pull?: boolean;
}

/** The parameters in the form that the engine reads. */
export function buildParameters({ cachefrom, ...query }: BuildQuery): Record<string, unknown> {
  return { ...query, ...(cachefrom?.length && { cachefrom: JSON.stringify(cachefrom) }) };
}
