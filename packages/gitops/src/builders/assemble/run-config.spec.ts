import type { RunConfig } from '../../oci/types';
import { RunConfigDraft } from './run-config';

/** What a build of an image does not show: how a draft treats what it is given. */
describe('RunConfigDraft', () => {
  const as = { word: (word: string) => word, words: (word: string) => [word] };
  const located = { line: 1, endLine: 1, text: '' };

  it('leaves what it started from, and what it gave, as they were', () => {
    const base: RunConfig = {
      Labels: { a: '1' },
      ExposedPorts: { '80/tcp': {} },
      Env: ['A=1'],
      OnBuild: ['x'],
    };
    const before = structuredClone(base);
    const draft = new RunConfigDraft(base);
    const first = draft.result();
    draft.apply({ ...located, keyword: 'LABEL', pairs: [{ name: 'b', value: '2' }] }, as);
    draft.apply({ ...located, keyword: 'EXPOSE', ports: ['90'] }, as);
    draft.apply({ ...located, keyword: 'ONBUILD', trigger: 'y' }, as);
    draft.setEnv([['B', '2']]);
    expect([base, first]).toEqual([before, before]);
    expect(draft.result()).toEqual({
      Labels: { a: '1', b: '2' },
      ExposedPorts: { '80/tcp': {}, '90/tcp': {} },
      Env: ['B=2'],
      OnBuild: ['x', 'y'],
    });
  });

  it.each<[name: string, env: string[] | null | undefined, pairs: [string, string][]]>([
    ['none', undefined, []],
    ['none, as Docker writes it', null, []],
    [
      'in their order',
      ['B=1', 'A=2'],
      [
        ['B', '1'],
        ['A', '2'],
      ],
    ],
    ['with equals signs', ['A=b=c'], [['A', 'b=c']]],
    ['without any', ['A'], [['A', '']]],
  ])('reads variables: %s', (_name, env, pairs) => {
    expect(new RunConfigDraft({ Env: env }).env).toEqual(pairs);
  });

  it.each<[name: string, env: string[], first: string]>([
    [
      'a base without one gets it, in front',
      ['A=1'],
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ],
    ['a base keeps its own', ['PATH=/x'], 'PATH=/x'],
    ['an empty one is one', ['PATH='], 'PATH='],
  ])('PATH: %s', (_name, env, first) => {
    const draft = new RunConfigDraft({ Env: env });
    draft.ensurePath();
    expect(draft.result().Env![0]).toBe(first);
  });

  it.each<[name: string, config: RunConfig, workdir: string, user: string]>([
    ['nothing said', {}, '/', ''],
    ['an empty directory', { WorkingDir: '' }, '/', ''],
    ['both said', { WorkingDir: '/app', User: 'app' }, '/app', 'app'],
  ])('where it works, and as whom: %s', (_name, config, workdir, user) => {
    const draft = new RunConfigDraft(config);
    expect([draft.workdir, draft.user]).toEqual([workdir, user]);
  });
});
