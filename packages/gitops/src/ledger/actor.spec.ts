import { actorFrom } from './actor';

const local = () => 'ann';

describe('who is at work', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'GitHub Actions',
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTOR: 'octocat',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_RUN_ID: '12',
        GITHUB_RUN_ATTEMPT: '2',
        GITHUB_SHA: 'abc',
      },
      {
        who: 'github:octocat',
        run: 'https://github.com/acme/shop/actions/runs/12/attempts/2',
        commit: 'abc',
      },
    ],
    [
      'GitLab CI',
      {
        GITLAB_CI: 'true',
        GITLAB_USER_LOGIN: 'bea',
        CI_JOB_URL: 'https://gitlab.example.com/acme/shop/-/jobs/3',
        CI_COMMIT_SHA: 'abc',
      },
      { who: 'gitlab:bea', run: 'https://gitlab.example.com/acme/shop/-/jobs/3', commit: 'abc' },
    ],
    [
      'Azure Pipelines',
      {
        TF_BUILD: 'True',
        BUILD_REQUESTEDFOR: 'Bea Smith',
        SYSTEM_COLLECTIONURI: 'https://dev.azure.com/acme/',
        SYSTEM_TEAMPROJECT: 'The Shop',
        BUILD_BUILDID: '4',
        BUILD_SOURCEVERSION: 'abc',
      },
      {
        who: 'azure:Bea Smith',
        run: 'https://dev.azure.com/acme/The%20Shop/_build/results?buildId=4',
        commit: 'abc',
      },
    ],
    [
      'Jenkins',
      {
        JENKINS_URL: 'https://ci.example.com/',
        BUILD_USER_ID: 'bea',
        BUILD_URL: 'https://ci.example.com/job/shop/5/',
        GIT_COMMIT: 'abc',
      },
      { who: 'jenkins:bea', run: 'https://ci.example.com/job/shop/5/', commit: 'abc' },
    ],
    [
      'Buildkite',
      {
        BUILDKITE: 'true',
        BUILDKITE_BUILD_CREATOR: 'bea',
        BUILDKITE_BUILD_URL: 'https://buildkite.com/acme/shop/builds/6',
        BUILDKITE_COMMIT: 'abc',
      },
      { who: 'buildkite:bea', run: 'https://buildkite.com/acme/shop/builds/6', commit: 'abc' },
    ],
    [
      'CircleCI',
      {
        CIRCLECI: 'true',
        CIRCLE_USERNAME: 'bea',
        CIRCLE_BUILD_URL: 'https://circleci.com/gh/acme/shop/7',
        CIRCLE_SHA1: 'abc',
      },
      { who: 'circleci:bea', run: 'https://circleci.com/gh/acme/shop/7', commit: 'abc' },
    ],
    ['a CI system that tells nothing more', { GITLAB_CI: 'true' }, { who: 'gitlab', commit: 'def' }],
    ['nobody but the local user', {}, { who: 'ann', commit: 'def' }],
  ])('%s', (_, env, expected) => {
    expect(actorFrom(env, local, { commit: () => 'def' })).toEqual(expected);
  });

  it('says why, where a reason is given', () => {
    expect(actorFrom({}, local, { reason: 'hotfix' })).toEqual({ who: 'ann', reason: 'hotfix' });
  });

  it('keeps no credentials, and no address that is none', () => {
    const run = (address: string) => actorFrom({ GITLAB_CI: 'true', CI_JOB_URL: address }, local).run;
    expect(run('https://bea:secret@gitlab.example.com/1')).toBe('https://gitlab.example.com/1');
    expect(run('over there')).toBeUndefined();
  });
});
