import { parseContainerfile } from '../../../containerfile/parse';
import { encode, type Message } from '../session/protobuf';
import { buildFailure, instructionOf } from './failure';
import { renderEvent } from './render';
import { engineMessages, errorOf, finished } from './stream';
import { Trace } from './trace';
import { STATUS_RESPONSE } from './trace-messages';

const started = { seconds: 100 };
const completed = { seconds: 102, nanos: 500_000_000 };

function lines(trace: Trace, ...statuses: Message[]): string[] {
  return statuses.flatMap((status) =>
    [...trace.take(encode(STATUS_RESPONSE, status).toString('base64'))].flatMap(renderEvent),
  );
}

describe('Trace', () => {
  const vertex = { digest: 'sha256:1', name: '[1/2] RUN make' };

  it('tells each thing once, numbers what runs, and joins pieces of lines', () => {
    const trace = new Trace();
    expect(
      lines(
        trace,
        { vertexes: [{ digest: 'sha256:0', name: '[2/2] COPY a b' }, vertex] },
        { vertexes: [{ ...vertex, started }] },
        {
          vertexes: [{ ...vertex, started }],
          logs: [{ vertex: 'sha256:1', stream: 1, text: Buffer.from('one\ntw') }],
        },
        { logs: [{ vertex: 'sha256:1', stream: 1, text: Buffer.from('o\n10%\r100%') }] },
        { vertexes: [{ ...vertex, started, completed }] },
        { vertexes: [{ ...vertex, started, completed }] },
        {
          vertexes: [
            { digest: 'sha256:0', name: '[2/2] COPY a b', started, completed: started, cached: true },
          ],
        },
      ),
    ).toEqual([
      '#1 [1/2] RUN make',
      '#1   one',
      '#1   two',
      '#1   100%',
      '#1 done in 2.5s',
      '#2 [2/2] COPY a b (cached)',
    ]);
  });

  it('keeps the end of what the failed step wrote, also when it comes in the last message', () => {
    const trace = new Trace();
    const text = Buffer.from(Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join(''));
    lines(trace, {
      vertexes: [{ ...vertex, started, completed, error: 'exit code: 2' }],
      logs: [{ vertex: 'sha256:1', stream: 2, text }],
    });
    expect(trace.failed?.step.name).toBe('[1/2] RUN make');
    expect(trace.failed?.tail).toHaveLength(20);
    expect(trace.failed?.tail.at(-1)).toBe('line 49');
  });

  it('does not take a step that was given up for the one that failed', () => {
    const trace = new Trace();
    lines(
      trace,
      {
        vertexes: [
          { digest: 'sha256:2', name: 'other', started, completed, error: 'rpc error: context canceled' },
        ],
      },
      { vertexes: [{ ...vertex, started, completed, error: 'exit code: 2' }] },
    );
    expect(trace.failed?.step.name).toBe('[1/2] RUN make');
  });

  it('passes warnings on', () => {
    const warnings = [
      {
        short: Buffer.from('JSON arguments recommended'),
        url: 'https://x',
        ranges: [{ start: { line: 7 } }],
      },
    ];
    expect(lines(new Trace(), { warnings })).toEqual([
      'warning: line 7: JSON arguments recommended (https://x)',
    ]);
  });
});

describe('engineMessages', () => {
  it('takes lines apart wherever they are cut', async () => {
    const text = Buffer.from('{"stream":"ä"}\r\n{"error":"no"}\n{"aux":{"ID":"sha256:1"}}');
    const pieces = [...text].map((byte) => Buffer.from([byte]));
    const messages = [];
    for await (const message of engineMessages(from(pieces))) messages.push(message);
    expect(messages).toEqual([{ stream: 'ä' }, { error: 'no' }, { aux: { ID: 'sha256:1' } }]);
    expect(messages.map(errorOf)).toEqual([undefined, 'no', undefined]);
  });

  it('says that the engine went away', async () => {
    const broken = (async function* () {
      yield Buffer.from('{"stream":"x"}\n');
      throw new Error('aborted');
    })();
    await expect(finished(broken, 'x')).rejects.toThrow(
      /^the engine went away in the middle of its work \(aborted\); see/,
    );
    await expect(finished(from([Buffer.from('{"stre')]), 'x')).rejects.toThrow(/the engine went away/);
  });

  it('finds the failure in an answer that began as a success', async () => {
    const answer = from([Buffer.from('{"status":"Loading"}\n{"errorDetail":{"message":"disk full\\n"}}\n')]);
    await expect(finished(answer, 'the base was not loaded')).rejects.toThrow(
      'the base was not loaded: disk full',
    );
  });
});

describe('instructionOf', () => {
  const containerfile = parseContainerfile(
    [
      'ARG V=1',
      'FROM scratch AS build',
      'ENV A=b',
      'RUN one',
      'COPY a \\',
      '  b',
      'FROM scratch',
      'WORKDIR /w',
      'RUN two',
      'RUN three',
      'RUN two',
    ].join('\n'),
    'app/Containerfile',
  );

  it.each([
    ['[build 1/3] FROM scratch', 2],
    ['[build 2/3] RUN one', 4],
    ['[build 3/3] COPY a   b', 5],
    ['[stage-1 2/5] WORKDIR /w', 8],
    ['[linux/amd64 stage-1 3/5] RUN two', 9],
    ['[linux/amd64->arm64 stage-1 5/5] RUN two', 11],
    ['[4/5] RUN three', 10],
    ['RUN three', 10],
    ['COPY a b', 5],
    // Twice in the file: who could tell?
    ['RUN two', undefined],
    // Steps of the base's ONBUILD are counted too.
    ['[build 2/4] RUN one', undefined],
    ['[internal] load build context', undefined],
    ['exporting to image', undefined],
  ])('%s', (name, line) => {
    expect(instructionOf(name, containerfile)?.line).toBe(line);
  });

  it.each([
    [
      'failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 9: unknown instruction: FOO',
      'app/Containerfile:9: unknown instruction: FOO',
    ],
    [
      'failed to solve: process "/bin/sh -c one" did not complete successfully: exit code: 3',
      'app/Containerfile:4: RUN one failed with exit code 3: boom; see its output above',
    ],
    [
      'building at STEP "RUN one": while running runtime: exit status 3\n',
      'app/Containerfile:4: RUN one failed with exit code 3: boom; see its output above',
    ],
    [
      'write /x: no space left on device',
      'app/Containerfile:4: write /x: no space left on device; make room on the disk of the engine, as by docker system prune',
    ],
  ])('%s', (message, expected) => {
    const step = { step: { number: 1, name: '[build 2/3] RUN one' }, error: '', tail: ['boom', ''] };
    expect(buildFailure(message, containerfile, step).message).toBe(expected);
  });
});

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
