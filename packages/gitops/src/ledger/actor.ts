import type { Actor } from './entry';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a CI system says of a run. */
interface Ci {
  /** The variable that is there on this system only. */
  readonly sign: string;
  readonly name: string;
  who(env: Environment): string | undefined;
  run(env: Environment): string | undefined;
  commit(env: Environment): string | undefined;
}

/** In the words of each vendor's documentation of predefined variables. */
const SYSTEMS: readonly Ci[] = [
  {
    sign: 'GITHUB_ACTIONS',
    name: 'github',
    who: (env) => env['GITHUB_ACTOR'],
    run: ({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, ...env }) => {
      const { GITHUB_RUN_ID: id, GITHUB_RUN_ATTEMPT: attempt } = env;
      if (!server || !repository || !id) return undefined;
      return `${server}/${repository}/actions/runs/${id}${attempt ? `/attempts/${attempt}` : ''}`;
    },
    commit: (env) => env['GITHUB_SHA'],
  },
  {
    sign: 'GITLAB_CI',
    name: 'gitlab',
    who: (env) => env['GITLAB_USER_LOGIN'],
    run: (env) => env['CI_JOB_URL'],
    commit: (env) => env['CI_COMMIT_SHA'],
  },
  {
    sign: 'TF_BUILD',
    name: 'azure',
    who: (env) => env['BUILD_REQUESTEDFOR'],
    run: ({ SYSTEM_COLLECTIONURI: collection, SYSTEM_TEAMPROJECT: project, BUILD_BUILDID: id }) =>
      collection && project && id
        ? `${collection}${encodeURIComponent(project)}/_build/results?buildId=${id}`
        : undefined,
    commit: (env) => env['BUILD_SOURCEVERSION'],
  },
  {
    sign: 'BUILDKITE',
    name: 'buildkite',
    who: (env) => env['BUILDKITE_BUILD_CREATOR'],
    run: (env) => env['BUILDKITE_BUILD_URL'],
    commit: (env) => env['BUILDKITE_COMMIT'],
  },
  {
    sign: 'CIRCLECI',
    name: 'circleci',
    who: (env) => env['CIRCLE_USERNAME'] || env['CIRCLE_PR_USERNAME'],
    run: (env) => env['CIRCLE_BUILD_URL'],
    commit: (env) => env['CIRCLE_SHA1'],
  },
  {
    sign: 'JENKINS_URL',
    name: 'jenkins',
    who: (env) => env['BUILD_USER_ID'] || env['CHANGE_AUTHOR'],
    run: (env) => env['BUILD_URL'],
    commit: (env) => env['GIT_COMMIT'],
  },
];

/**
 * Who is at work, as far as the surroundings tell: the actor of the CI system, or else the local user.
 *
 * @param local gives the user's name
 * @param more.commit gives the commit that is checked out, where the CI system does not say
 */
export function actorFrom(
  env: Environment,
  local: () => string,
  more: { readonly reason?: string | number; readonly commit?: () => string | undefined } = {},
): Actor {
  const ci = SYSTEMS.find(({ sign }) => env[sign]);
  const run = withoutCredentials(ci?.run(env));
  const commit = ci?.commit(env) || more.commit?.();
  return {
    who: ci ? [ci.name, ci.who(env)].filter(Boolean).join(':') : local(),
    ...(run ? { run } : {}),
    ...(commit ? { commit } : {}),
    ...(more.reason ? { reason: String(more.reason) } : {}),
  };
}

/** An address as anybody may read it; undefined for what is none. */
function withoutCredentials(address: string | undefined): string | undefined {
  if (!address || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  url.username = url.password = '';
  return url.href;
}
