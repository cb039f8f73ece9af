import type { CallOptions, Called, Kubectl } from '../../src/sites/kubectl';

/** What it writes to its standard output where it ends well, or what it comes to. */
export type Answer = string | Partial<Called>;

/** By how a command begins: `get configmap gitops-demo -n shop`. Of several answers, each is given once, the last for good. */
export type Answers = Readonly<Record<string, Answer | readonly Answer[] | (() => Answer)>>;

/** A cluster that answers as it is told to, and notes what it was asked. What it was told nothing of ends well. */
export class ScriptedKubectl implements Kubectl {
  readonly commands: string[] = [];
  readonly inputs: string[] = [];
  private readonly given = new Map<string, number>();

  constructor(private readonly answers: Answers = {}) {}

  async call(args: readonly string[], { input, onOutput }: CallOptions = {}): Promise<Called> {
    const command = args.join(' ');
    this.commands.push(command);
    if (input !== undefined) this.inputs.push(input);
    const answer = this.answerTo(command);
    const called = {
      code: 0,
      stdout: '',
      stderr: '',
      ...(typeof answer === 'string' ? { stdout: answer } : answer),
    };
    if (!onOutput) return called;
    if (called.stdout !== '') onOutput(called.stdout);
    return { ...called, stdout: '' };
  }

  /** The commands that begin so. */
  asked(start: string): string[] {
    return this.commands.filter((command) => command.startsWith(start));
  }

  /** What was applied or made, in its order: `Role shop gitops-demo`. */
  get made(): string[] {
    return this.objects.map(
      ({ kind, metadata: { namespace = '-', name } }) => `${kind} ${namespace} ${name}`,
    );
  }

  get objects(): Made[] {
    return this.inputs.flatMap((input) => (JSON.parse(input) as { items: Made[] }).items);
  }

  private answerTo(command: string): Answer {
    const start = Object.keys(this.answers).find((each) => command.startsWith(each));
    if (start === undefined) return '';
    const answer = this.answers[start]!;
    if (typeof answer === 'function') return answer();
    if (!Array.isArray(answer)) return answer as Answer;
    const count = this.given.get(start) ?? 0;
    this.given.set(start, count + 1);
    return (answer as readonly Answer[])[Math.min(count, answer.length - 1)]!;
  }
}

export interface Made {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** What a cluster says of its API, as far as the specs need it. */
export const API: Answers = {
  'get --raw /apis/apps/v1': api(
    ['deployments', 'Deployment'],
    ['deployments/scale', 'Scale'],
    ['statefulsets', 'StatefulSet'],
  ),
  'get --raw /apis/batch/v1': api(['jobs', 'Job'], ['cronjobs', 'CronJob']),
  'get --raw /apis/rbac.authorization.k8s.io/v1': api(
    ['roles', 'Role'],
    ['clusterroles', 'ClusterRole', false],
  ),
  'get --raw /api/v1': api(
    ['configmaps', 'ConfigMap'],
    ['services', 'Service'],
    ['namespaces', 'Namespace', false],
  ),
  'get --raw /apis/apiextensions.k8s.io/v1': api([
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ]),
  'get --raw': {
    code: 1,
    stderr: 'Error from server (NotFound): the server could not find the requested resource\n',
  },
};

function api(...all: readonly (readonly [name: string, kind: string, namespaced?: boolean])[]): string {
  return JSON.stringify({
    resources: all.map(([name, kind, namespaced = true]) => ({ name, kind, namespaced })),
  });
}
