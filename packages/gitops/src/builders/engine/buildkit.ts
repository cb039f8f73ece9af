import type Docker from 'dockerode';
import { type Entry, type Tree, bytes, directory } from '../../filetree/entry';
import { sha256 } from '../../oci/digest';
import type { Digest } from '../../oci/digest';
import { call } from './call';
import { buildFailure } from './progress/failure';
import { engineMessages, errorOf } from './progress/stream';
import { type BuildEvent, Trace } from './progress/trace';
import { type BuildRequest, buildParameters } from './request';
import { type SessionOptions, openSession } from './session/session';

const TRACE = 'moby.buildkit.trace';
const CONTAINERFILE = 'Containerfile';
/** The context is filtered before the engine sees it; this keeps it from reading an ignore file again. */
const NO_IGNORE = Buffer.from('# The context has been filtered already.\n');

/** What a build by BuildKit needs besides. */
export interface BuildKitOptions extends Pick<
  SessionOptions,
  'sharedKey' | 'credentials' | 'secret' | 'sshAgents'
> {
  /** What the engine has to be given before it learns what to build; it takes its time to ask. */
  readonly bases?: Promise<void>;
}

/**
 * Builds with BuildKit, which asks for just the files that it needs.
 * @returns the image's id
 * @throws GitopsError the build failed
 */
export async function buildWithBuildKit(
  docker: Docker,
  request: BuildRequest,
  options: BuildKitOptions,
  onEvent: (event: BuildEvent) => void,
): Promise<Digest> {
  const { bases, ...others } = options;
  const directories = {
    context: async () => request.context,
    dockerfile: async () => {
      await bases;
      return recipe(request.text);
    },
  };
  const session = await openSession(docker, { ...others, directories });
  try {
    const answer = await call(docker, 'POST', '/build', {
      query: {
        ...buildParameters(request.query),
        version: '2',
        session: session.id,
        remote: 'client-session',
        dockerfile: CONTAINERFILE,
        // By this the engine knows the build if it has to be cancelled.
        buildid: session.id,
      },
      signal: request.signal,
    });
    return await follow(answer, request, onEvent);
  } catch (error) {
    // What the engine says of a build without its bases is not the reason.
    await bases;
    throw error;
  } finally {
    session.close();
  }
}

async function follow(
  answer: AsyncIterable<Buffer>,
  { containerfile }: BuildRequest,
  onEvent: (event: BuildEvent) => void,
): Promise<Digest> {
  const trace = new Trace();
  let id: string | undefined;
  for await (const message of engineMessages(answer)) {
    const error = errorOf(message);
    if (error !== undefined) throw buildFailure(error, containerfile, trace.failed);
    if (message.id === TRACE) for (const event of trace.take(message.aux as string)) onEvent(event);
    else if (typeof message.aux === 'object' && message.aux.ID) id = message.aux.ID;
  }
  if (!id) throw buildFailure('the engine ended the build without an image', containerfile, trace.failed);
  return id as Digest;
}

/** The directory in which BuildKit looks for the container file. */
function recipe(text: string): Tree {
  const contents: Record<string, Buffer> = {
    [CONTAINERFILE]: Buffer.from(text),
    [`${CONTAINERFILE}.dockerignore`]: NO_IGNORE,
  };
  return {
    get: (path): Entry | undefined => {
      const content = contents[path];
      if (path === '') return directory('');
      if (!content) return undefined;
      return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, content: bytes(content, sha256(content)) };
    },
    list: (path) => (path === '' ? Object.keys(contents).sort() : []),
    resolve: (path) => path,
  };
}
