import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { whenAvailable } from '../../test/support/available';
import { type Files, readText, useDirectory, writeFiles } from '../../test/support/files';
import { thrownBy } from '../../test/support/thrown';
import { ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { sha256 } from '../oci/digest';
import { type Kubectl, kubectlOf } from './kubectl';
import { type RenderOptions, type Rendered, namespaceOf, render, withoutSecrets } from './render';

const directory = useDirectory();
const content = (): string => join(directory(), 'gitops');
const PROD: RenderOptions = { environment: 'prod', namespace: 'shop' };
const ENVIRONMENT = 'environments/prod/kustomization.yaml';

function rendered(kubectl: Kubectl, files: Files, options: Partial<RenderOptions> = {}): Promise<Rendered> {
  writeFiles(content(), files);
  return render(kubectl, content(), { ...PROD, ...options });
}

describe('the namespace of an environment', () => {
  it.each<[string, string | undefined]>([
    ['namespace: shop\n', 'shop'],
    ['resources: []\nnamespace: "shop"\n', 'shop'],
    ['# namespace: shop\nresources: []\n', undefined],
    ['', undefined],
    ['namespace:\n', undefined],
  ])('is what its kustomization says: %j', (text, namespace) => {
    writeFiles(content(), { [ENVIRONMENT]: text });
    expect(namespaceOf(content(), 'prod')).toBe(namespace);
  });

  it.each(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])('may be in %s', (name) => {
    writeFiles(content(), { [`environments/eu/prod/${name}`]: 'namespace: shop\n' });
    expect(namespaceOf(content(), 'eu/prod')).toBe('shop');
  });

  it.each<[string, Files, string]>([
    [
      'one that is not there',
      { 'environments/test/kustomization.yaml': '', 'environments/demo/kustomization.yaml': '' },
      'the root image has no environment prod; it has demo, test; push it again, or use one of these',
    ],
    [
      'one without a kustomization',
      { 'environments/prod/README.md': '', 'environments/.keep': '' },
      'the root image has no environment prod; it has prod; push it again, or use one of these',
    ],
    ['none at all', {}, 'the root image has no environment prod; add one, and push it again'],
    [
      'one that is not YAML',
      { [ENVIRONMENT]: 'resources: []\nnamespace: [\n' },
      'environments/prod/kustomization.yaml:3:1: ',
    ],
  ])('cannot be told of %s', (_name, files, message) => {
    writeFiles(content(), files);
    const error = thrownBy(() => namespaceOf(content(), 'prod')) as Error;
    expect(error.message.startsWith(message)).toBe(true);
    expect(error.message).not.toContain('\n');
  });
});

describe('what kustomize is asked', () => {
  it('is made beside the content, which stays as it is', async () => {
    const kubectl = new ScriptedKubectl();
    await rendered(kubectl, { [ENVIRONMENT]: 'namespace: other\n' });
    expect(kubectl.commands).toEqual([`kustomize --enable-helm ${join(directory(), 'render')}`]);
    expect(JSON.parse(readText(directory(), 'render/kustomization.yaml'))).toEqual({
      resources: ['../gitops/environments/prod'],
      namespace: 'shop',
    });
    expect(readText(content(), ENVIRONMENT)).toBe('namespace: other\n');
  });

  it('says in one line why it cannot', async () => {
    const kubectl = new ScriptedKubectl({ kustomize: { code: 1, stderr: 'error: no such file\n' } });
    await expect(rendered(kubectl, { [ENVIRONMENT]: '' })).rejects.toThrow(
      'the environment prod cannot be rendered: no such file',
    );
  });

  it('is nothing for an environment that is not there', async () => {
    const kubectl = new ScriptedKubectl();
    await expect(rendered(kubectl, {})).rejects.toThrow('the root image has no environment prod');
    expect(kubectl.commands).toEqual([]);
    expect(existsSync(join(directory(), 'render/kustomization.yaml'))).toBe(false);
  });

  it('may come to nothing', async () => {
    expect(await rendered(new ScriptedKubectl(), { [ENVIRONMENT]: '' })).toEqual({ text: '', resources: [] });
  });
});

describe('the values of Secrets', () => {
  const hidden = (text: string): string => withoutSecrets({ text, resources: [] });

  it('are hidden, and nothing else is', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\ndata:\n  key: shown\n---\n' +
      'apiVersion: v1\ndata:\n  password: aHVudGVyMg==\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  other: hunter2\n';
    expect(hidden(text)).toBe(
      'apiVersion: v1\nkind: ConfigMap\ndata:\n  key: shown\n---\n' +
        'apiVersion: v1\ndata: (hidden)\nkind: Secret\nmetadata:\n  name: db\nstringData: (hidden)\n',
    );
  });

  it.each(['', 'kind: Secret\n', 'kind: A\n---\nkind: B\n', `kind: A\ntext: ${'long '.repeat(60)}end\n`])(
    'leave all else as it is: %j',
    (text) => expect(hidden(text)).toBe(text),
  );
});

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec: { containers: [{ name: api, image: acme/shop/api }] }
`;
const ELSEWHERE = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: there, namespace: elsewhere }\n';
const CRON = `apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: '@daily'
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: acme/shop/api }] } } } }
`;
const BASE: Files = {
  'base/kustomization.yaml': 'resources: [all.yaml]\n',
  'base/all.yaml': [DEPLOYMENT, ELSEWHERE, CRON].join('---\n'),
};
const DIGEST = sha256('api');

interface Template {
  readonly template: {
    readonly spec: { readonly imagePullSecrets?: unknown; readonly containers: { image: string }[] };
  };
}

whenAvailable('kubectl', 'kustomize', () => {
  const withBase = (environment: string, options: Partial<RenderOptions> = {}, files: Files = {}) =>
    rendered(kubectlOf(), { ...BASE, [ENVIRONMENT]: environment, ...files }, options);
  const find = <T>({ resources }: Rendered, kind: string): T =>
    resources.find((each) => each.kind === kind)!['spec'] as T;
  const places = ({ resources }: Rendered): Record<string, string | undefined> =>
    Object.fromEntries(resources.map(({ metadata: { name, namespace } }) => [name, namespace]));

  it('puts what names no namespace into that of the site; what names one stays there', async () => {
    const found = await withBase('resources: [../../base]\n');
    expect(places(found)).toEqual({ api: 'shop', nightly: 'shop', there: 'elsewhere' });
  });

  it('replaces the namespace of the environment', async () => {
    const found = await withBase('namespace: other\nresources: [../../base]\n');
    expect(places(found)).toEqual({ api: 'shop', nightly: 'shop', there: 'shop' });
  });

  it('pins the images of the release', async () => {
    const pins = `apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{ name: acme/shop/api, newName: r:5000/acme/shop/api, digest: '${DIGEST}' }]\n`;
    const found = await withBase(
      'resources: [../../base]\n',
      {},
      { 'dependencies/kustomization.yaml': pins },
    );
    const image = `r:5000/acme/shop/api@${DIGEST}`;
    expect(find<Template>(found, 'Deployment').template.spec.containers[0]!.image).toBe(image);
    const { jobTemplate } = find<{ jobTemplate: { spec: Template } }>(found, 'CronJob');
    expect(jobTemplate.spec.template.spec.containers[0]!.image).toBe(image);
  });

  it('has all pods pulled with the Secret of the site', async () => {
    const found = await withBase('resources: [../../base]\n', { pullSecret: 'registry' });
    const secrets = [{ name: 'registry' }];
    expect(find<Template>(found, 'Deployment').template.spec.imagePullSecrets).toEqual(secrets);
    const { jobTemplate } = find<{ jobTemplate: { spec: Template } }>(found, 'CronJob');
    expect(jobTemplate.spec.template.spec.imagePullSecrets).toEqual(secrets);
    expect(
      find<Template>(await withBase('resources: [../../base]\n'), 'Deployment').template.spec,
    ).not.toHaveProperty('imagePullSecrets');
  });

  it('takes a Secret for what no pod is made of', async () => {
    const files = { 'environments/prod/a.yaml': ELSEWHERE };
    const found = await withBase('resources: [a.yaml]\n', { pullSecret: 'registry' }, files);
    expect(places(found)).toEqual({ there: 'elsewhere' });
  });

  it('makes Secrets, whose values are hidden when they are shown', async () => {
    const found = await withBase('secretGenerator: [{ name: db, literals: [password=hunter2] }]\n');
    expect(found.text).toContain('aHVudGVyMg==');
    expect(withoutSecrets(found)).toContain('kind: Secret');
    expect(withoutSecrets(found)).not.toMatch(/aHVudGVyMg==|hunter2/);
  });

  it('may come to nothing', async () => {
    expect(await withBase('resources: []\n')).toEqual({ text: '', resources: [] });
  });

  it('says in one line what is missing', async () => {
    const error = await withBase('resources: [nothing.yaml]\n').catch((reason: Error) => reason.message);
    expect(error).toMatch(/^the environment prod cannot be rendered: accumulating resources.*nothing\.yaml/);
    expect(error).not.toMatch(/\n|run\.go/);
  });
});
